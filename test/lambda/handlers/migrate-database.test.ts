import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { coreMigrations } from '../../../lambda/core/migrations/index.ts';
import type { handler as loaded } from '../../../lambda/handlers/migrate-database.ts';
import { useDatabase } from '../../support/postgres.ts';

interface Answer {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

let handler: typeof loaded;
const database = useDatabase({ migrated: false });
let cloudFormation: Server;
let responseUrl: string;
let answers: Answer[];
/** Statuses that CloudFormation answers with, in order; then 200. */
let statuses: number[];

beforeAll(async () => {
  // Read when the module is loaded.
  process.env['WAYBILL_LOG_LEVEL'] = 'silent';
  ({ handler } = await import('../../../lambda/handlers/migrate-database.ts'));
  cloudFormation = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, headers } = request;
      answers.push({ method, headers, body: JSON.parse(body) as Record<string, unknown> });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
  responseUrl = `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/answer?signature=x`;
});
afterAll(async () => {
  cloudFormation.closeAllConnections();
  await new Promise((resolve) => cloudFormation.close(resolve));
});
beforeEach(() => {
  answers = [];
  statuses = [];
  process.env['DATABASE_URL'] = database().url;
});
afterEach(() => {
  delete process.env['DATABASE_URL'];
});

function event(requestType: 'Create' | 'Update' | 'Delete'): CloudFormationCustomResourceEvent {
  return {
    RequestType: requestType,
    ResponseURL: responseUrl,
    StackId: 'stack-1',
    RequestId: 'request-1',
    LogicalResourceId: 'Migrated',
  } as CloudFormationCustomResourceEvent;
}

describe('the migrations as a custom resource', () => {
  test('are applied once, and CloudFormation is told which', async () => {
    await handler(event('Create'));
    await handler(event('Update'));

    expect(answers.map(({ body }) => [body['Status'], body['Data']])).toEqual([
      ['SUCCESS', { Applied: coreMigrations.map(({ id }) => id).join(',') }],
      ['SUCCESS', { Applied: '' }],
    ]);
    expect(answers[0]).toMatchObject({
      method: 'PUT',
      body: { StackId: 'stack-1', RequestId: 'request-1', LogicalResourceId: 'Migrated' },
    });
    // The signed URL covers the content type, which must be empty or absent.
    expect(answers[0]?.headers['content-type']).toBeUndefined();
    expect(answers[0]?.body['PhysicalResourceId']).toBe(answers[1]?.body['PhysicalResourceId']);
  });

  test('drop nothing when the stack is deleted', async () => {
    await handler(event('Create'));
    await handler(event('Delete'));

    expect(answers.at(-1)?.body).toMatchObject({ Status: 'SUCCESS' });
    expect((await database().pool.query('select count(*) from event_outbox')).rowCount).toBe(1);
  });

  test('that fail say why, so that the deployment does and nobody waits for an hour', async () => {
    process.env['DATABASE_URL'] = 'postgres://nobody:nothing@127.0.0.1:1/none';

    await handler(event('Create'));

    expect(answers[0]?.body).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('without a database that is configured say so', async () => {
    delete process.env['DATABASE_URL'];

    await handler(event('Create'));

    expect(answers[0]?.body).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('WAYBILL_DATABASE_SECRET_ARN'),
    });
  });

  test('answer again when the first answer is refused', async () => {
    statuses = [503];

    await handler(event('Create'));

    expect(answers).toHaveLength(2);
  });
});
