/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions } from '../../../lib/constructs/bundle-options.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = 'lambda/handlers/agents';

const names = readdirSync(`${repository}/${FOLDER}`).filter((name) => name.endsWith('.ts'));
/** The bundled files that leave something in the output, by handler. */
const inputs = new Map<string, string>();

/** All at once, so that what they share is read once. */
beforeAll(async () => {
  const { metafile } = await build({
    ...bundleOptions(),
    entryPoints: names.map((name) => `${FOLDER}/${name}`),
    absWorkingDir: repository,
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  for (const output of Object.values(metafile.outputs)) {
    const left = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    inputs.set(basename(output.entryPoint ?? ''), left.map(([path]) => path).join('\n'));
  }
});

describe('bundles', () => {
  test.each(names)('%s carries nothing of another system', (name) => {
    expect(inputs.get(name)).toContain(`${FOLDER}/${name}`);
    expect(inputs.get(name)).not.toMatch(/(catalog|lambda)\/(commerce|core|generation|jobs)\//);
  });

  test.each(names.filter((name) => !/^(process|measure-events)/.test(name)))(
    '%s carries no Redis',
    (name) => {
      expect(inputs.get(name)).not.toMatch(/node_modules\/@redis\/|lambda\/runtime\/redis\//);
    },
  );
});
