import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNumber } from '../src/number.ts';

const anywhere = new Intl.NumberFormat().format(965774);

for (const [value, language, text] of [
  [965774, 'en', '965,774'],
  [965774, 'de', '965.774'],
  [965774, 'zh-CN', '965,774'],
  [1234567, 'hi', '12,34,567'],
  [0, 'en', '0'],
  [965774, '', anywhere],
  [965774, 'en_US', anywhere],
  [965774, 'not a language', anywhere],
] as const) {
  test(`${value} in "${language}" is ${text}`, () => assert.equal(formatNumber(value, language), text));
}
