/** What of ECS outlives a process that keeps its state, and what Container Insights counts. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createAwsContext, rootCaller } from '../../../../local/aws/context.ts';
import { callService, manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { createServiceMetrics } from '../../../../local/aws/ecs/metrics.ts';
import { until } from '../../../support/waiting.ts';

let directory: string;
let aws: EmbeddedAws | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-kept-'));
});
afterEach(async () => {
  await aws?.close();
  await rm(directory, { recursive: true, force: true });
});

test('services come back with their tasks, after a restart', async () => {
  const image = join(directory, 'image');
  const stateDirectory = join(directory, 'state');
  await mkdir(image);
  await writeFile(
    join(image, 'Dockerfile'),
    'FROM node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "index.mjs"]\n',
  );
  await writeFile(join(image, 'index.mjs'), 'setInterval(() => {}, 1000);');
  aws = await startEmbeddedAws({ stateDirectory });
  const call = (action: string, input: Record<string, unknown>) =>
    callService(aws!.context, aws!.services.ecs, action, input, rootCaller(aws!.context));
  await call('CreateCluster', { clusterName: 'c' });
  const localImage = { directory: image, dockerfile: 'Dockerfile' };
  await call('RegisterTaskDefinition', { family: 'f', containerDefinitions: [{ name: 'main', localImage }] });
  await call('CreateService', { cluster: 'c', serviceName: 's', taskDefinition: 'f', desiredCount: 1 });
  await aws.services.ecs.steady('s');
  const [former] = aws.services.ecs.tasks();
  await aws.close();

  aws = await startEmbeddedAws({ stateDirectory });
  await until(() => aws!.services.ecs.tasks().length > 0);
  await aws.services.ecs.steady('s');
  expect(aws.services.ecs.tasks()).toMatchObject([{ group: 'service:s', status: 'RUNNING' }]);
  expect(aws.services.ecs.tasks()[0]!.arn).not.toBe(former!.arn);
});

test('the tasks of a service are counted once a minute, while there is a service', async () => {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const samples: string[] = [];
  context.metrics.observe(({ namespace, name, dimensions, value }) =>
    samples.push(`${namespace} ${name} ${dimensions['ClusterName']}/${dimensions['ServiceName']} ${value}`),
  );
  let counts = [{ cluster: 'c', service: 's', desired: 2, running: 1, pending: 0 }];
  const metrics = createServiceMetrics(context, () => counts);
  metrics.begin();
  metrics.begin();
  await clock.advance(60_000);
  expect(samples).toEqual([
    'ECS/ContainerInsights DesiredTaskCount c/s 2',
    'ECS/ContainerInsights RunningTaskCount c/s 1',
    'ECS/ContainerInsights PendingTaskCount c/s 0',
  ]);
  counts = [];
  await clock.advance(60_000);
  expect(samples).toHaveLength(3);
  expect(clock.skipToNext(1_000_000)).toBe(false);
});
