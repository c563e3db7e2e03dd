/** What the runtime asks of Amazon MSK: where a cluster's brokers are, and a token to log in to them. */
import type { Environment } from '../environment.ts';
import { presignedUrl } from '../signed-request.ts';
import { callAws, requiredCredentials } from './signed-call.ts';

export interface KafkaTopicArn {
  readonly clusterArn: string;
  readonly topic: string;
}

/**
 * `arn:aws:kafka:REGION:ACCOUNT:topic/CLUSTER/UUID/TOPIC`; undefined for what is none. Source: "Resources",
 * msk/latest/developerguide/kafka-actions.html.
 */
export function kafkaTopicArn(arn: string): KafkaTopicArn | undefined {
  const match = /^(arn:[^:]+:kafka:[^:]+:[^:]+:)topic\/([^/]+\/[^/]+)\/([^/]+)$/.exec(arn);
  return match === null ? undefined : { clusterArn: `${match[1]}cluster/${match[2]}`, topic: match[3]! };
}

export interface BrokerAddresses {
  /** `HOST:PORT` each. */
  readonly brokers: readonly string[];
  /** TLS and a token of IAM, or neither. */
  readonly iam: boolean;
}

/**
 * CloudFormation does not tell them. Brokers that take IAM are preferred; plaintext is what the embedded Kafka has.
 * Source: MSK API, GetBootstrapBrokers.
 */
export async function bootstrapBrokers(
  clusterArn: string,
  environment: Environment,
): Promise<BrokerAddresses> {
  const [, partition = 'aws', , region = ''] = clusterArn.split(':');
  const answer = (await callAws(environment, {
    endpoint: 'KAFKA',
    service: 'kafka',
    region,
    partition,
    method: 'GET',
    path: `/v1/clusters/${encodeURIComponent(clusterArn)}/bootstrap-brokers`,
    headers: {},
    body: '',
  })) as { readonly bootstrapBrokerString?: string; readonly bootstrapBrokerStringSaslIam?: string };
  const { bootstrapBrokerStringSaslIam: iam, bootstrapBrokerString: plaintext } = answer;
  if (iam) return { brokers: iam.split(','), iam: true };
  if (plaintext) return { brokers: plaintext.split(','), iam: false };
  throw Object.assign(
    new Error(`${clusterArn} has neither brokers with IAM nor plaintext ones: turn on IAM authentication`),
    { name: 'NoBrokers' },
  );
}

/** Seconds. The most that MSK takes, and what its own signers ask for. */
const TOKEN_SECONDS = 900;

/**
 * A token for SASL/OAUTHBEARER: a signed address that means `kafka-cluster:Connect`, in base64url.
 * Source: "Configure clients for IAM access control", msk/latest/developerguide/configure-clients-for-iam-access-control.html.
 *
 * @throws CredentialsProviderError
 */
export function mskIamToken(region: string, environment: Environment): string {
  const url = presignedUrl({
    credentials: requiredCredentials(environment),
    region,
    service: 'kafka-cluster',
    url: new URL(`https://kafka.${region}.amazonaws.com/`),
    query: { Action: 'kafka-cluster:Connect' },
    expiresInSeconds: TOKEN_SECONDS,
  });
  // MSK takes the name of the signer from here. It is no part of what is signed.
  return Buffer.from(`${url}&User-Agent=waybill`).toString('base64url');
}
