/** The URL of the queue a batch came from. */
import { endpointOf } from '../clients.ts';
import type { Environment } from '../environment.ts';

/**
 * | WAYBILL_QUEUE_URL | |
 * |---|---|
 * | names the same queue as the ARN | taken |
 * | not set, or another queue (a function may have several) | made from the ARN |
 *
 * Source: "Amazon SQS queue and message identifiers" for the form of a queue URL.
 */
export function queueUrlOf(arn: string, environment: Environment): string {
  const configured = environment['WAYBILL_QUEUE_URL'];
  const [, partition, , region, account, name] = arn.split(':');
  if (configured?.endsWith(`/${name}`)) return configured;
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = endpointOf('SQS', environment) ?? `https://sqs.${region}.${suffix}`;
  return `${endpoint.replace(/\/$/, '')}/${account}/${name}`;
}
