"""The edge to browsers: one small file a concern, put together by `app.create_app`."""
