/**
 * Writes docs/openapi/jobs.json from the contracts and the synthesized template: `npm run openapi`. With `-- --check` it
 * writes nothing, and fails where the file is not what it would write.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { environmentConfig, onlySystems } from '../lib/config/index.ts';
import { jobsOpenApi } from '../lib/openapi/jobs.ts';
import { createApplication } from '../lib/stacks/application.ts';

const FILE = fileURLToPath(new URL('../docs/openapi/jobs.json', import.meta.url));
const OXFMT = fileURLToPath(new URL('../node_modules/oxfmt/bin/oxfmt', import.meta.url));
const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

const app = new App({ analyticsReporting: false, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
createApplication(app, { ...environmentConfig('prod'), systems: onlySystems(['jobs']) });
const template = app.synth().stacks.find(({ stackName }) => stackName.endsWith('-jobs'))?.template as object;
const text = `${JSON.stringify(jobsOpenApi(template), undefined, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text);
  // As the repository's formatter has it: what did not change shows no change.
  execFileSync(process.execPath, [OXFMT, FILE]);
} else if (JSON.stringify(JSON.parse(readFileSync(FILE, 'utf8'))) !== JSON.stringify(JSON.parse(text))) {
  throw new Error(
    'docs/openapi/jobs.json is not what the template and the contracts say: run npm run openapi',
  );
}
