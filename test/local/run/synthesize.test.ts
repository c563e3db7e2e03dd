import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { synthesize, SynthesisError } from '../../../local/run/synthesize.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-synthesize-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Writes where it was told to, and which environment. */
const APP = `import { writeFileSync } from 'node:fs';
writeFileSync(process.env.CDK_OUTDIR + '/made', JSON.parse(process.env.CDK_CONTEXT_JSON).env + process.argv.slice(2));
`;

const run = () => synthesize({ directory, environment: 'dev', outputDirectory: directory });
const write = (cdk: unknown) => {
  writeFileSync(join(directory, 'cdk.json'), JSON.stringify(cdk));
  writeFileSync(join(directory, 'app.mjs'), APP);
};

test.each([
  ['node and words', 'node app.mjs one', 'devone'],
  ['quotes, which the shell takes away', 'node "app.mjs" \'one two\'', 'devone two'],
  ['any other command, as npx or a TypeScript runner', 'exec node app.mjs', 'dev'],
])('runs the command of cdk.json: %s', async (_, app, made) => {
  write({ app });
  await run();

  expect(readFileSync(join(directory, 'made'), 'utf8')).toBe(made);
});

test('says what is missing', async () => {
  await expect(run()).rejects.toThrow(`there is no cdk.json in ${directory}`);
  write({ context: {} });
  await expect(run()).rejects.toThrow('names no app');
  write({ app: 'no-such-program bin/app.ts' });
  await expect(run()).rejects.toBeInstanceOf(SynthesisError);
});
