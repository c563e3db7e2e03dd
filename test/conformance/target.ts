/** The endpoint a conformance run speaks to: an embedded AWS of this process, another emulator, or AWS itself. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { controllableClock } from '../../local/aws/clock.ts';
import { callService, rootCaller, startEmbeddedAws } from '../../local/aws/index.ts';
import { createSettle } from '../../local/testing/settle.ts';

/** What the runner tells the suites: `aws` means AWS itself, any other value an endpoint's URL. */
export const ENDPOINT_VARIABLE = 'CONFORMANCE_ENDPOINT';
export const SLOW_VARIABLE = 'CONFORMANCE_SLOW';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What every SDK client is made with. Without an endpoint it is AWS. */
export interface ClientConfiguration {
  readonly region: string;
  readonly credentials: Credentials;
  readonly endpoint?: string;
  readonly maxAttempts: number;
}

type InProcessCall = (service: string, action: string, input: Record<string, unknown>) => Promise<unknown>;

export interface Target {
  readonly kind: 'embedded' | 'emulator' | 'aws';
  readonly region: string;
  readonly credentials: Credentials;
  /** Undefined for AWS itself, which has one for each service. */
  readonly endpoint: string | undefined;
  /** Long waits are made. */
  readonly slow: boolean;
  client<Client extends { destroy(): void }>(
    kind: new (configuration: ClientConfiguration) => Client,
  ): Client;
  accountId(): Promise<string>;
  uniqueName(stem?: string): string;
  wait(seconds: number): Promise<void>;
  /** Calls the embedded AWS without HTTP; undefined elsewhere. */
  readonly inProcess: InProcessCall | undefined;
  close(): Promise<void>;
}

/** The endpoint of the environment, or a new embedded AWS. */
export async function openTarget(): Promise<Target> {
  const chosen = process.env[ENDPOINT_VARIABLE];
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  if (chosen === undefined || chosen === '') {
    const clock = controllableClock();
    const embedded = await startEmbeddedAws({ port: 0, clock, region });
    const settled = createSettle(embedded.context);
    const { context } = embedded;
    return target('embedded', embedded.endpointUrl, region, {
      // What runs ends first: its retries are timed from its end.
      wait: async (seconds) => {
        await settled();
        await clock.advance(seconds * 1000);
        await settled();
      },
      inProcess: (service, action, input) =>
        callService(
          context,
          context.services.all().find(({ name }) => name === service)!,
          action,
          input,
          rootCaller(context),
        ),
      close: () => embedded.close(),
    });
  }
  const real = chosen === 'aws' || new URL(chosen).hostname.endsWith('.amazonaws.com');
  return target(real ? 'aws' : 'emulator', chosen === 'aws' ? undefined : chosen, region, {
    wait: (seconds) => sleep(seconds * 1000),
    inProcess: undefined,
    close: () => Promise.resolve(),
  });
}

function target(
  kind: Target['kind'],
  endpoint: string | undefined,
  region: string,
  { wait, inProcess, close }: Pick<Target, 'wait' | 'inProcess' | 'close'>,
): Target {
  const credentials = environmentCredentials(kind);
  const clients = new Map<unknown, { destroy(): void }>();
  const run = randomBytes(4).toString('hex');
  let named = 0;
  let account: Promise<string> | undefined;

  const opened: Target = {
    kind,
    region,
    credentials,
    endpoint,
    slow: Boolean(process.env[SLOW_VARIABLE]),
    client<Client extends { destroy(): void }>(make: new (configuration: ClientConfiguration) => Client) {
      let client = clients.get(make) as Client | undefined;
      if (!client) {
        // One attempt: a refusal is to be seen as it is, not after retries.
        client = new make({
          region,
          credentials,
          ...(endpoint !== undefined && { endpoint }),
          maxAttempts: 1,
        });
        clients.set(make, client);
      }
      return client;
    },
    accountId: () => (account ??= findAccountId(opened)),
    uniqueName: (stem = 'wb') => `${stem}-${run}-${++named}`,
    wait,
    inProcess,
    async close() {
      for (const client of clients.values()) client.destroy();
      await close();
    },
  };
  return opened;
}

function environmentCredentials(kind: Target['kind']): Credentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (kind === 'aws' && (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)) {
    throw new Error('Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to run the suite against AWS.');
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID || 'test',
    secretAccessKey: AWS_SECRET_ACCESS_KEY || 'test',
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}

/** From STS, or where an emulator has none from the ARN of a queue. */
async function findAccountId(opened: Target): Promise<string> {
  const identity = await opened
    .client(STSClient)
    .send(new GetCallerIdentityCommand({}))
    .catch(() => undefined);
  if (identity?.Account) return identity.Account;
  const sqs = opened.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: opened.uniqueName('account') }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  const account = Attributes?.['QueueArn']?.split(':')[4];
  if (!account) throw new Error('The endpoint tells no account id');
  return account;
}
