/** A Service on a real database, and requests as API Gateway makes them. */
import { coreEvents } from '../../../catalog/index.ts';
import { databaseOf } from '../../../lambda/service/database.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { coreMigrations } from '../../../lambda/core/migrations/index.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import { processOnce } from '../../../lambda/runtime/inbox/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { migrate } from '../../../lambda/runtime/postgres/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, EnvelopeOf, InputOf } from '../../../lib/contracts/index.ts';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Pool } from 'pg';

export interface CoreUnderTest extends Service {
  /** How often the relay was nudged. */
  readonly nudges: () => number;
  readonly rows: <Row = Record<string, unknown>>(text: string, ...values: unknown[]) => Promise<Row[]>;
  /** Types of the events in the outbox, in the order they were written. */
  readonly outbox: () => Promise<readonly string[]>;
}

/** @param pool - of a database with the runtime's tables */
export async function coreUnderTest(pool: Pool): Promise<CoreUnderTest> {
  await migrate(pool, coreMigrations);
  let nudges = 0;
  const outbox = createOutbox({ contracts: coreEvents });
  const rows: CoreUnderTest['rows'] = async <Row>(text: string, ...values: unknown[]) =>
    (await pool.query(text, values)).rows as Row[];
  return {
    database: databaseOf(pool),
    enqueue: outbox.enqueue,
    processOnce,
    nudge: async () => {
      nudges += 1;
    },
    nudges: () => nudges,
    rows,
    outbox: async () =>
      (await rows<{ event_type: string }>('select event_type from event_outbox order by sequence')).map(
        ({ event_type }) => event_type,
      ),
  };
}

export const ADMIN: Caller = { userId: 'usr_1', tenantId: 'tenant-1', role: 'admin' };
export const OPERATOR: Caller = { userId: 'usr_9', tenantId: 'platform', role: 'operator' };

export interface TestRequest {
  readonly routeKey: string;
  readonly body?: unknown;
  readonly caller?: Caller;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly base64?: boolean;
}

/** An HTTP API's request, payload format 2.0. A body that is no text is sent as JSON. */
export function httpRequest(request: TestRequest): APIGatewayProxyEventV2 {
  const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  return {
    version: '2.0',
    routeKey: request.routeKey,
    rawPath: '/',
    rawQueryString: '',
    headers: request.headers ?? {},
    ...(request.query !== undefined && { queryStringParameters: request.query }),
    ...(request.pathParameters !== undefined && { pathParameters: request.pathParameters }),
    isBase64Encoded: request.base64 === true,
    ...(body !== undefined && {
      body: request.base64 === true ? Buffer.from(body).toString('base64') : body,
    }),
    requestContext: {
      requestId: 'request-1',
      http: { path: request.routeKey.split(' ')[1] },
      ...(request.caller !== undefined && { authorizer: { lambda: request.caller } }),
    },
  } as unknown as APIGatewayProxyEventV2;
}

export function eventOf<Contract extends AnyEventContract>(
  contract: Contract,
  data: InputOf<Contract>,
  overrides: { readonly tenantId?: string; readonly timestamp?: Date } = {},
): EnvelopeOf<Contract> {
  return createEnvelope(contract, { tenantId: 'tenant-1', data, ...overrides }) as EnvelopeOf<Contract>;
}
