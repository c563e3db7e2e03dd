import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, jest, test } from '@jest/globals';
import { WaybillChecks } from '../../../lib/nag/index.ts';

test('what the pack cannot check is an error of its own: a plugin that throws is left out by the command line of CDK', () => {
  jest.spyOn(console, 'error').mockImplementation(() => {}); // CDK prints the report
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { '@aws-cdk/core:failSynthOnValidationErrors': false },
  });
  new Queue(new Stack(app, 'Shop'), 'Queue');
  const checks = new WaybillChecks(app);
  jest.spyOn(checks, 'validateScope').mockImplementation(() => {
    throw new Error('a template that nobody understands');
  });
  Validations.of(app).addPlugins(checks);
  const report = JSON.parse(readFileSync(join(app.synth().directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: unknown[];
  };

  expect(report.pluginReports).toEqual([
    expect.objectContaining({
      conclusion: 'failure',
      violations: [
        expect.objectContaining({
          severity: 'error',
          description: expect.stringContaining('a template that nobody understands (WAYBILL_CHECKS_FAILED)'),
          violatingConstructs: [expect.objectContaining({ constructPath: 'Shop' })],
        }),
      ],
    }),
  ]);
});
