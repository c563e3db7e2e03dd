/** Saving a source of a small project: what runs is what the sources say, and nothing in the queues is lost. */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rootCaller, startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';
import { describeChanges } from '../../../local/run/changes.ts';
import { createDeployment } from '../../../local/run/deployment.ts';
import type { Deployment } from '../../../local/run/deployment.ts';
import { watchSources } from '../../../local/run/watch.ts';
import type { SourceWatch } from '../../../local/run/watch.ts';

/** Synthesizes in the way of CDK: an asset is named by the hash of what is in it. */
const APP = `
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Resources } from './lib/stack.mjs';
const out = process.env.CDK_OUTDIR;
const hash = createHash('sha256').update(readFileSync('lambda/index.mjs')).digest('hex').slice(0, 16);
mkdirSync(out, { recursive: true });
cpSync('lambda', out + '/asset.' + hash, { recursive: true });
const write = (name, value) => writeFileSync(out + '/' + name, JSON.stringify(value));
const source = { path: 'asset.' + hash, packaging: 'zip' };
write('App.template.json', { Resources: Resources(hash + '.zip') });
write('App.assets.json', { version: '55.0.0', files: { [hash]: { source, destinations: { here: { objectKey: hash + '.zip' } } } } });
write('manifest.json', { version: '55.0.0', artifacts: {
  'App.assets': { type: 'cdk:asset-manifest', properties: { file: 'App.assets.json' } },
  App: { type: 'aws:cloudformation:stack', environment: 'aws://000000000000/us-east-1', properties: { templateFile: 'App.template.json', stackName: 'App' }, dependencies: ['App.assets'] },
} });
`;
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
});
const stack = (queue: object, more = '') => `export const Resources = (S3Key) => ({
  Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: ${TRUST} } },
  Hello: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'hello', Runtime: 'nodejs24.x', Handler: 'index.handler', Timeout: 900, Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { S3Bucket: 'assets', S3Key } } },
  Orders: { Type: 'AWS::SQS::Queue', Properties: ${JSON.stringify({ QueueName: 'orders', ...queue })} },
  ${more}
});`;
/** Told of a file to wait for, it says in another that it has begun. */
const handler = (answer: string) => `import { existsSync, writeFileSync } from 'node:fs';
export const handler = async ({ begun, goOn }) => {
  if (begun !== undefined) writeFileSync(begun, '');
  while (goOn !== undefined && !existsSync(goOn)) await new Promise((resolve) => setTimeout(resolve, 10));
  return ${JSON.stringify(answer)};
};`;
const ORDERS = 'arn:aws:sqs:us-east-1:000000000000:orders';

let directory: string;
let aws: EmbeddedAws;
let deployment: Deployment;
let watching: SourceWatch;
let told: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-watch-'));
  await Promise.all(['lib', 'lambda'].map((name) => mkdir(join(directory, name))));
  await save('app.mjs', APP);
  await save('cdk.json', JSON.stringify({ app: 'node app.mjs', context: {} }));
  await save('lib/stack.mjs', stack({ VisibilityTimeout: 30 }));
  await save('lambda/index.mjs', handler('first'));
  aws = await startEmbeddedAws({ port: 0 });
  deployment = createDeployment({ directory, environment: 'local', aws });
  await deployment.deploy(await deployment.synthesize());
  told = [];
  watching = watchSources(directory, async () => {
    const line = await deployment
      .synthesize()
      .then((folder) => deployment.deploy(folder))
      .then(
        ({ changes }) => describeChanges(changes),
        (error: Error) => error.message,
      );
    told.push(line);
  });
});
afterEach(async () => {
  await watching?.close();
  await aws.close();
  await deployment.close();
  await rm(directory, { recursive: true, force: true });
});

/**
 * Without a turn of the event loop, and so of the watcher: otherwise a slow machine synthesizes from a file that is
 * truncated and not yet written.
 */
function saveNow(path: string, text: string): void {
  writeFileSync(join(directory, path), text);
}

const save = async (path: string, text: string): Promise<void> => saveNow(path, text);

async function invoke(event: object = {}): Promise<unknown> {
  const input = { FunctionName: 'hello', Payload: JSON.stringify(event) };
  const answer = await aws.services.lambda.handle('Invoke', input, rootCaller(aws.context));
  return JSON.parse(String((answer as { Payload: unknown }).Payload));
}

/** The lines of the next updates. */
async function updates(count = 1): Promise<readonly string[]> {
  while (told.length < count) await delay(10);
  return told;
}

test('new invocations of a saved handler run its new code, running ones finish with the old', async () => {
  const [begun, goOn] = [join(directory, 'notes-begun'), join(directory, 'notes-go-on')];
  const running = invoke({ begun, goOn });
  while (!existsSync(begun)) await delay(10);
  await save('lambda/index.mjs', handler('second'));

  expect(await updates()).toEqual(['updated: 1 function']);
  expect(await invoke()).toBe('second');
  await save('notes-go-on', '');
  expect(await running).toBe('first');
});

test('a changed queue is changed in place, and its messages stay', async () => {
  aws.services.sqs.deliverToQueue(ORDERS, { body: 'kept' });
  await save('lib/stack.mjs', stack({ VisibilityTimeout: 60 }, "More: { Type: 'AWS::SNS::Topic' },"));

  expect(await updates()).toEqual(['updated: 1 queue; added: 1 topic']);
  expect(aws.services.sqs.attributes(ORDERS)).toMatchObject({ VisibilityTimeout: '60' });
  expect(aws.services.sqs.messages(ORDERS).map(({ body }) => body)).toEqual(['kept']);
});

test('an app that throws is told, what runs goes on, and the next save is taken', async () => {
  await save('lib/stack.mjs', 'export const Resources = () => { throw new Error("no queue today"); };');
  expect((await updates())[0]).toContain('no queue today');
  expect(await invoke()).toBe('first');

  await save('lib/stack.mjs', stack({ VisibilityTimeout: 90 }));
  expect((await updates(2))[1]).toBe('updated: 1 queue');
});

test('an update that is refused is rolled back, changed code included', async () => {
  // Without a turn of the event loop between them: one update for both.
  saveNow('lambda/index.mjs', handler('second'));
  saveNow('lib/stack.mjs', stack({ VisibilityTimeout: 60 * 60 * 24 }));

  expect((await updates())[0]).toContain('Orders');
  expect(await invoke()).toBe('first');
  expect(aws.services.sqs.attributes(ORDERS)).toMatchObject({ VisibilityTimeout: '30' });
});

test('a file that takes the place of cdk.json is seen, other files of the project are not', async () => {
  await save('notes.txt', 'nothing');
  await save('lambda/.index.mjs.swp', 'nothing');
  await delay(400);
  expect(told).toEqual([]);

  await save('cdk.json.new', await readFile(join(directory, 'cdk.json'), 'utf8'));
  await rename(join(directory, 'cdk.json.new'), join(directory, 'cdk.json'));
  expect(await updates()).toEqual(['updated: nothing in the templates changed']);
});
