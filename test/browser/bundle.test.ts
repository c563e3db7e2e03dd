/** What a page loads: its size, and that nothing but our own sources is in it. */
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

async function bundled(exports: string): Promise<{ bytes: number; inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `export ${exports} from './browser/index.ts';`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    // Anything of Node in it would be an error here.
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
  });
  return {
    bytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length,
    inputs: Object.keys(metafile.inputs).filter((file) => file !== '<stdin>'),
  };
}

test.each([
  ['{ createNotificationClient }', 4096],
  ['{ createJobsClient }', 2560],
  ['*', 6144],
])('%s is below %i bytes, compressed', async (exports, limit) => {
  const { bytes, inputs } = await bundled(exports);
  expect(bytes).toBeLessThan(limit);
  for (const file of inputs) expect(file).toMatch(/^browser\/|^lambda\/push\/protocol\.ts$/);
});
