"""The forms in which a number is shown: text, badge, digits, chart, card. Pure: figures in, pictures out.

query -> options.Options, figure.Figure -> badge | digits | chart -> picture.Picture -> svg | png
"""
