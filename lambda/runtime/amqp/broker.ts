/** Where the broker is and how one signs in: from the environment that the constructs set, or given. */
import type { Environment } from '../environment.ts';
import { secretReader } from '../secret-reader.ts';
import type { ReadSecret } from '../secret-reader.ts';
import { AmqpError } from './errors.ts';

export interface AmqpCredentials {
  readonly username: string;
  readonly password: string;
}

export interface AmqpBroker {
  /** `amqps://host:5671`, with the virtual host as its path if it is not `/`. */
  readonly endpoint: string;
  /** Asked for each new connection. `fresh` after the broker refused: what was kept may be from before a rotation. */
  readonly credentials: (fresh: boolean) => Promise<AmqpCredentials>;
}

export interface BrokerOptions {
  /** @default - process.env */
  readonly environment?: Environment;
  /** @default - the Secrets Manager API, signed with the credentials of the environment */
  readonly readSecret?: ReadSecret;
}

/** Milliseconds. A secret that was rotated is found sooner: the broker refuses the old password, and it is read again. */
const SECRET_LIFETIME = 300_000;

/**
 * The broker in WAYBILL_BROKER_ENDPOINT, signed in to with the secret in WAYBILL_BROKER_SECRET_ARN, or with the user
 * and password in the address where there is no secret (a broker on this machine).
 *
 * @throws AmqpError WAYBILL_AMQP_NOT_CONFIGURED
 */
export function brokerFromEnvironment(options: BrokerOptions = {}): AmqpBroker {
  const environment = options.environment ?? process.env;
  const endpoint = environment['WAYBILL_BROKER_ENDPOINT'];
  const secretArn = environment['WAYBILL_BROKER_SECRET_ARN'];
  if (!endpoint || !URL.canParse(endpoint) || !/^amqps?:$/.test(new URL(endpoint).protocol)) {
    throw new AmqpError(
      'WAYBILL_AMQP_NOT_CONFIGURED',
      'no broker is configured: set WAYBILL_BROKER_ENDPOINT (BrokerConsumer and MessageBroker do) to an amqp:// or amqps:// address',
    );
  }
  if (!secretArn) return brokerAt(endpoint);
  return {
    endpoint,
    credentials: cachedCredentials(secretArn, options.readSecret ?? brokerSecretReader(environment)),
  };
}

/**
 * A broker with the user and password in its address.
 *
 * @example
 * const broker = brokerAt('amqp://waybill:secret@127.0.0.1:5672');
 *
 * @throws AmqpError WAYBILL_AMQP_NOT_CONFIGURED
 */
export function brokerAt(url: string): AmqpBroker {
  const { username, password } = new URL(url);
  if (username === '') {
    throw new AmqpError(
      'WAYBILL_AMQP_NOT_CONFIGURED',
      'nobody to sign in as: set WAYBILL_BROKER_SECRET_ARN (the constructs do), or write user and password into the address: amqp://user:password@host',
    );
  }
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { endpoint: url, credentials: async () => credentials };
}

function cachedCredentials(secretArn: string, readSecret: ReadSecret): AmqpBroker['credentials'] {
  let cached: { readonly secret: Promise<AmqpCredentials>; readonly until: number } | undefined;
  return (fresh) => {
    if (cached === undefined || fresh || cached.until < Date.now()) {
      const secret = readSecret(secretArn).then(parseSecret);
      cached = { secret, until: Date.now() + SECRET_LIFETIME };
      // A failure is not kept.
      secret.catch(() => (cached = undefined));
    }
    return cached.secret;
  };
}

function parseSecret(text: string): AmqpCredentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which is a secret.
  }
  const { username, password } = Object(value) as Partial<Record<keyof AmqpCredentials, unknown>>;
  if (typeof username !== 'string' || username === '' || typeof password !== 'string' || password === '') {
    throw new AmqpError(
      'WAYBILL_AMQP_SECRET_INVALID',
      'the broker secret must be JSON with username and password',
    );
  }
  return { username, password };
}

function brokerSecretReader(environment: Environment): ReadSecret {
  return secretReader(
    environment,
    (reason, options) =>
      new AmqpError(
        'WAYBILL_AMQP_SECRET_UNREADABLE',
        `the broker secret could not be read: ${reason}`,
        options,
      ),
  );
}
