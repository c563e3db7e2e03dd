/** Where the server is and how one signs in: from the environment, or given. */
import { requiredCredentials } from '../aws/signed-call.ts';
import type { Environment } from '../environment.ts';
import { secretReader } from '../secret-reader.ts';
import type { ReadSecret } from '../secret-reader.ts';
import { presignedUrl } from '../signed-request.ts';
import { RedisError } from './errors.ts';

export interface RedisCredentials {
  readonly username?: string;
  readonly password: string;
}

export interface RedisServer {
  /** `rediss://HOST:PORT` with TLS, `redis://HOST:PORT` without. User and password in it count where `credentials` is not given. */
  readonly url: string;
  /**
   * Whether it is a cluster: ElastiCache with cluster mode enabled, ElastiCache Serverless, MemoryDB.
   * @default false
   */
  readonly cluster?: boolean;
  /** Asked for each new connection: a password from a secret, or a token of IAM. @default - those in the address */
  readonly credentials?: () => Promise<RedisCredentials>;
  /** PEM of the authority that signed the server's certificate. @default - those that Node knows, Amazon's among them */
  readonly certificateAuthority?: string;
}

export interface RedisEnvironmentOptions {
  /** @default - process.env */
  readonly environment?: Environment;
  /** @default - the Secrets Manager API, signed with the credentials of the environment */
  readonly readSecret?: ReadSecret;
}

/**
 * | variable | |
 * |---|---|
 * | WAYBILL_REDIS_URL | the address |
 * | WAYBILL_REDIS_CLUSTER | `true` for a cluster |
 * | WAYBILL_REDIS_SECRET_ARN | a secret with `username` and `password` as JSON, read for each connection |
 * | WAYBILL_REDIS_IAM | `elasticache:NAME`, `elasticache-serverless:NAME` or `memorydb:NAME`: a token of IAM for the user in the address |
 *
 * @throws RedisError WAYBILL_REDIS_NOT_CONFIGURED
 */
export function redisFromEnvironment(options: RedisEnvironmentOptions = {}): RedisServer {
  const environment = options.environment ?? process.env;
  const url = environment['WAYBILL_REDIS_URL'] ?? '';
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new RedisError(
      'WAYBILL_REDIS_NOT_CONFIGURED',
      'no server is configured: set WAYBILL_REDIS_URL to a redis:// or rediss:// address, or give `server`',
    );
  }
  const secretArn = environment['WAYBILL_REDIS_SECRET_ARN'];
  const iam = environment['WAYBILL_REDIS_IAM'];
  return {
    url,
    cluster: environment['WAYBILL_REDIS_CLUSTER'] === 'true',
    ...(secretArn && { credentials: secretCredentials(secretArn, environment, options.readSecret) }),
    ...(iam && { credentials: iamCredentials(iam, url, environment) }),
  };
}

function secretCredentials(
  secretArn: string,
  environment: Environment,
  given: ReadSecret | undefined,
): () => Promise<RedisCredentials> {
  const unreadable = (reason: string, options?: ErrorOptions): Error =>
    new RedisError(
      'WAYBILL_REDIS_ACCESS_REFUSED',
      `the secret of the server could not be read: ${reason}`,
      options,
    );
  const read = given ?? secretReader(environment, unreadable);
  return async () => {
    const text = await read(secretArn);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's message quotes the text, which is a secret.
    }
    const { username, password } = Object(value) as { username?: unknown; password?: unknown };
    if (typeof password !== 'string' || password === '') {
      throw unreadable(`${secretArn} must be JSON with password, and username where it has one`);
    }
    return { password, ...(typeof username === 'string' && { username }) };
  };
}

/** Seconds. The most that both services take. A connection that is open stays open for up to twelve hours. */
const TOKEN_SECONDS = 900;

/** Both services check names in small letters. */
function iamCredentials(
  target: string,
  url: string,
  environment: Environment,
): () => Promise<RedisCredentials> {
  const [service = '', name = ''] = target.split(':');
  const username = decodeURIComponent(new URL(url).username);
  if (!/^(elasticache|elasticache-serverless|memorydb)$/.test(service) || name === '' || username === '') {
    throw new RedisError(
      'WAYBILL_REDIS_NOT_CONFIGURED',
      `WAYBILL_REDIS_IAM must be elasticache:NAME, elasticache-serverless:NAME or memorydb:NAME with a user in the address (rediss://USER@HOST), received '${target}'`,
    );
  }
  return async () => ({ username, password: iamToken(service, name.toLowerCase(), username, environment) });
}

/**
 * A signed address that means `connect`, without its scheme.
 * Source: "Authenticating with IAM", AmazonElastiCache/latest/dg/auth-iam.html and memorydb/latest/devguide/auth-iam.html.
 */
function iamToken(service: string, name: string, username: string, environment: Environment): string {
  const url = presignedUrl({
    credentials: requiredCredentials(environment),
    region: environment['AWS_REGION'] ?? 'us-east-1',
    service: service.replace('-serverless', ''),
    url: new URL(`https://${name}/`),
    query: {
      Action: 'connect',
      User: username,
      ...(service === 'elasticache-serverless' && { ResourceType: 'ServerlessCache' }),
    },
    expiresInSeconds: TOKEN_SECONDS,
  });
  return url.replace(/^https:\/\//, '');
}
