import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from '../build.ts';

const fresh = await build();

const TRACKERS = { 'plausible.js': 2000, 'umami.js': 1300, 'matomo.js': 1300, 'fathom.js': 900 };
const ELEMENTS = { 'page-count.js': 1500, 'page-list.js': 1500 };
const OWN = { 'pt.js': 1450, 'pt-lite.js': 1000, 'pt-more.js': 700 };
const LIMITS = { ...OWN, 'drop-in.js': 3000, 'count.js': 1850, ...ELEMENTS, ...TRACKERS };
for (const [name, limit] of Object.entries(LIMITS)) {
  test(`${name} is at most ${limit} bytes on the wire`, () => {
    const { length } = gzipSync(fresh[name]!, { level: 9 });
    assert.ok(length <= limit, `${length} bytes`);
  });

  test(`${name} is committed as it is built`, () => {
    assert.equal(readFileSync(new URL(`../../analytics/static/${name}`, import.meta.url), 'utf8'), fresh[name]);
  });
}

test('a build gives the same bytes again', async () => {
  assert.deepEqual(await build(), fresh);
});

test('the lock file names hashes, not addresses', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  assert.ok(lock.includes('"integrity"'));
  assert.ok(!lock.includes('"resolved"'));
});
