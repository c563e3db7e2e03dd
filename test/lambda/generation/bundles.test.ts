/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions } from '../../../lib/constructs/bundle-options.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = 'lambda/handlers/generation';

/** The bundled files that leave something in the output. */
async function inputsOf(name: string): Promise<string> {
  const { metafile } = await build({
    ...bundleOptions(),
    entryPoints: [`${FOLDER}/${name}`],
    absWorkingDir: repository,
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  const { inputs } = Object.values(metafile.outputs)[0]!;
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path)
    .join('\n');
}

describe('bundles', () => {
  const names = readdirSync(`${repository}/${FOLDER}`).filter((name) => name.endsWith('.ts'));

  test.each(names)('%s carries nothing of another system', async (name) => {
    expect(await inputsOf(name)).not.toMatch(/(catalog|lambda)\/(commerce|core|jobs)\//);
  });

  test.each(names.filter((name) => /^(web-socket|tickets)/.test(name)))(
    '%s carries neither a database nor a client of the AWS SDK nor an event',
    async (name) => {
      expect(await inputsOf(name)).not.toMatch(/node_modules\/(pg|@aws-sdk|@smithy|zod)\/|catalog\//);
    },
  );
});
