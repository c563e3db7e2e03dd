/**
 * Writes docs/openapi from the contracts and the synthesized templates: `npm run openapi`. With `-- --check` it writes
 * nothing, and fails where a file is not what it would write.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { environmentConfig, onlySystems } from '../lib/config/index.ts';
import { agentsOpenApi } from '../lib/openapi/agents.ts';
import { jobsOpenApi } from '../lib/openapi/jobs.ts';
import { createApplication } from '../lib/stacks/application.ts';

/** By the system, which is the name of the file and the end of the stack's. */
const DOCUMENTS = { agents: agentsOpenApi, jobs: jobsOpenApi } as const;
type System = keyof typeof DOCUMENTS;

const OXFMT = fileURLToPath(new URL('../node_modules/oxfmt/bin/oxfmt', import.meta.url));
const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Record<string, unknown>;
};
const systems = Object.keys(DOCUMENTS) as System[];

const app = new App({ analyticsReporting: false, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
createApplication(app, { ...environmentConfig('prod'), systems: onlySystems(systems) });
const { stacks } = app.synth();
for (const system of systems) {
  const template = stacks.find(({ stackName }) => stackName.endsWith(`-${system}`))?.template as object;
  const file = fileURLToPath(new URL(`../docs/openapi/${system}.json`, import.meta.url));
  const text = `${JSON.stringify(DOCUMENTS[system](template), undefined, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
    // As the repository's formatter has it: what did not change shows no change.
    execFileSync(process.execPath, [OXFMT, file]);
  } else if (JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))) !== JSON.stringify(JSON.parse(text))) {
    throw new Error(
      `docs/openapi/${system}.json is not what the template and the contracts say: run npm run openapi`,
    );
  }
}
