/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions } from '../../../lib/constructs/bundle-options.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const handlers = (folder: string): readonly string[] =>
  readdirSync(`${repository}/${folder}`)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

/** The bundled files that leave something in the output. */
async function inputsOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    ...bundleOptions(),
    entryPoints: [entry],
    absWorkingDir: repository,
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  const { inputs } = Object.values(metafile.outputs)[0]!;
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
}

describe('bundles', () => {
  test.each(handlers('lambda/handlers/commerce'))('%s can be bundled', async (entry) => {
    const inputs = await inputsOf(entry);

    expect(inputs).toContain(entry);
    expect(inputs.join('\n')).not.toMatch(/catalog\/(core-api|adapters|control-plane)|lambda\/core\//);
  });

  test('functions of the core system carry no event of commerce', async () => {
    for (const entry of ['lambda/handlers/audit-trail.ts', 'lambda/handlers/core-api.ts']) {
      expect((await inputsOf(entry)).join('\n')).not.toMatch(/catalog\/commerce|lambda\/commerce/);
    }
  });

  test('only functions that publish or read streams carry their clients', async () => {
    for (const name of ['order-history', 'inventory-worker', 'commerce-api', 'storefront-availability']) {
      const inputs = await inputsOf(`lambda/handlers/commerce/${name}.ts`);

      expect(inputs.join('\n')).not.toMatch(/platformatic|amqplib|client-(sns|eventbridge|sfn|kinesis)/);
    }
  });
});
