/**
 * The CDK application: the stacks of one environment, chosen by `-c env=NAME`, and of some of its systems, by `-c systems=NAMES`;
 * those of the Region that stands by with `-c standby=true -c firstRegion=FILE`.
 * It reads the feature flags of cdk.json itself where the CDK command line does not, so that
 * `node bin/app.ts` gives the same templates.
 */
import { existsSync, readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import {
  ConfigError,
  environmentConfig,
  withAgents,
  withStandby,
  withStandbyRegion,
  withSystems,
} from '../lib/config/index.ts';
import { ValidationError } from '../lib/constructs/index.ts';
import { CapacityChecks } from '../lib/estimate/index.ts';
import { WaybillChecks } from '../lib/nag/index.ts';
import { createApplication } from '../lib/stacks/application.ts';

const cdkJson = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

try {
  synthesize();
} catch (error) {
  // What the user did wrong needs no stack trace; what we did wrong does.
  if (!(error instanceof ConfigError || error instanceof ValidationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function synthesize(): void {
  const app = new App({
    analyticsReporting: false,
    context: cdkJson.context,
    outdir: process.env['CDK_OUTDIR'] ?? 'cdk.out',
  });
  const config = withStandby(
    withStandbyRegion(
      withSystems(
        withAgents(
          environmentConfig(app.node.tryGetContext('env') ?? 'local'),
          app.node.tryGetContext('agents'),
        ),
        app.node.tryGetContext('systems'),
      ),
      app.node.tryGetContext('standbyRegion'),
    ),
    app.node.tryGetContext('standby'),
    outputsIn(app.node.tryGetContext('firstRegion')),
  );
  createApplication(app, config);
  // Who turns validation off reads no table either: the local run synthesizes at every change.
  const capacity = new CapacityChecks({
    load: config.load,
    printCost: process.env['CDK_VALIDATION'] !== 'false',
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new WaybillChecks(app), capacity);
  app.synth();
}

/** What `cdk deploy --outputs-file` wrote; what is missing in it is said by name. */
function outputsIn(file: unknown): unknown {
  return typeof file === 'string' && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
