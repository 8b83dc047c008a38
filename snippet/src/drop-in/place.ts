/** The addresses under which old snippets load the script; what is before them is Pagetally's. */
const PLACE =
  /\/(busuanzi\/2\.3\/|js\/)?(busuanzi[\w.]*\.js|js|client\.min\.js|jsonp|lite|lite_pjax|w\.js|finicounter\.js|drop-in\.js)(\?.*)?$/;

export const isOurs = (src: string): boolean => PLACE.test(src);

export const baseOf = (src: string): string => src.replace(PLACE, '');
