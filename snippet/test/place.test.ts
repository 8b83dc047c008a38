import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOf, isOurs } from '../src/drop-in/place.ts';

// address of the script, what the API's addresses begin with
const PLACES: [string, string][] = [
  ['https://v.example/busuanzi/2.3/busuanzi.pure.mini.js', 'https://v.example'],
  ['https://v.example/busuanzi.pure.mini.js', 'https://v.example'],
  ['https://v.example/busuanzi.js?v=2', 'https://v.example'],
  ['https://v.example/js/busuanzi.pure.mini.js', 'https://v.example'],
  ['https://v.example/w.js', 'https://v.example'],
  ['https://v.example/js', 'https://v.example'],
  ['https://v.example/js/client.min.js', 'https://v.example'],
  ['https://v.example/js/jsonp', 'https://v.example'],
  ['https://v.example/js/lite', 'https://v.example'],
  ['https://v.example/js/lite_pjax', 'https://v.example'],
  ['https://v.example/finicounter.js', 'https://v.example'],
  ['https://v.example/drop-in.js', 'https://v.example'],
  ['https://blog.example/v/w.js', 'https://blog.example/v'],
  ['https://blog.example/v/js/client.min.js', 'https://blog.example/v'],
  ['https://blog.example/v/busuanzi/2.3/busuanzi.pure.mini.js', 'https://blog.example/v'],
];

for (const [src, base] of PLACES) {
  test(`the script at ${src} asks ${base}`, () => {
    assert.ok(isOurs(src));
    assert.equal(baseOf(src), base);
  });
}

for (const src of ['', 'https://blog.example/app.js', 'https://blog.example/js/app.js', 'https://blog.example/new.js']) {
  test(`the script at ${src || 'no address'} is another's`, () => assert.ok(!isOurs(src)));
}
