import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const OUTPUT = new URL('../analytics/static/', import.meta.url);

/** The files that ship, by name. It writes nothing, so that a test can compare. */
export async function build(): Promise<Record<string, string>> {
  const { outputFiles } = await bundle({
    entryPoints: ['src/pt.ts', 'src/pt-lite.ts', 'src/page-count.ts', 'src/page-list.ts'],
    absWorkingDir: import.meta.dirname,
    outdir: fileURLToPath(OUTPUT),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2018',
    tsconfigRaw: {}, // "strict" there would cost a directive here
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await build())) await writeFile(new URL(name, OUTPUT), text);
}
