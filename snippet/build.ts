import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, type Plugin } from 'esbuild';
import { drawMap } from './map.ts';

const OUTPUT = new URL('../analytics/static/', import.meta.url);

const OWN = ['pt', 'pt-lite', 'pt-more', 'page-count', 'page-list'].map((name) => `src/${name}.ts`);

/** Scripts that serve pages written for another tracker. */
const TRACKERS = ['plausible', 'umami', 'matomo', 'fathom'].map((name) => `src/${name}.ts`);

/** The tag of a drop-in says the same things in other words: the modules that ask src/tag.ts are given this. */
const foreignTag: Plugin = {
  name: 'foreign-tag',
  setup({ onResolve }) {
    onResolve({ filter: /\/tag\.ts$/ }, () => ({ path: fileURLToPath(new URL('src/drop-in/tag.ts', import.meta.url)) }));
  },
};

/** The files that ship, by name. It writes nothing, so that a test can compare. */
export async function build(): Promise<Record<string, string>> {
  return {
    ...(await buildFrom([...OWN, 'src/count.ts', ...TRACKERS])),
    ...(await buildFrom(['src/drop-in.ts'], [foreignTag])),
    'map.svg': await drawMap(),
  };
}

async function buildFrom(entryPoints: string[], plugins: Plugin[] = []): Promise<Record<string, string>> {
  const { outputFiles } = await bundle({
    entryPoints,
    plugins,
    absWorkingDir: import.meta.dirname,
    outdir: fileURLToPath(OUTPUT),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2019',
    tsconfigRaw: {}, // "strict" there would cost a directive here
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await build())) await writeFile(new URL(name, OUTPUT), text);
}
