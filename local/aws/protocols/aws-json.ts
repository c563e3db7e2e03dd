/**
 * AWS JSON 1.0 and 1.1: `X-Amz-Target: Prefix.Action`, JSON in, JSON out.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 */
import { crc32 } from 'node:zlib';
import { AwsError, unknownOperation } from '../errors.ts';
import type { AwsService } from '../context.ts';
import type { WireResponse } from './wire.ts';

/** The service and action that `X-Amz-Target` names; throws when no service answers to it. */
export function jsonOperation(
  services: readonly AwsService[],
  target: string,
): { readonly service: AwsService; readonly action: string } {
  const dot = target.lastIndexOf('.');
  const prefix = target.slice(0, dot);
  const service = services.find((candidate) => candidate.protocols.json?.targetPrefix === prefix);
  if (!service) throw unknownOperation(`the target prefix "${prefix}"`, target.slice(dot + 1));
  return { service, action: target.slice(dot + 1) };
}

/** The input of a JSON call; an empty body is an empty input. */
export function jsonInput(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('SerializationException', `The body is not JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AwsError('SerializationException', 'The body must be a JSON object');
  }
  return parsed as Record<string, unknown>;
}

export function jsonOutput(service: AwsService, output: unknown): WireResponse {
  const body = Buffer.from(JSON.stringify(output ?? {}));
  return {
    status: 200,
    headers: { 'content-type': contentType(service), ...checksum(service, body) },
    body,
  };
}

export function jsonError(service: AwsService | undefined, error: AwsError): WireResponse {
  const json = service?.protocols.json;
  const namespace = error.namespace ?? json?.errorNamespace;
  const type = namespace ? `${namespace}#${error.code}` : error.code;
  const headers: Record<string, string> = { 'content-type': contentType(service) };
  if (json?.queryCompatible) {
    headers['x-amzn-query-error'] = `${error.queryCode};${error.senderFault ? 'Sender' : 'Receiver'}`;
  }
  const body = { __type: type, message: error.message, ...error.fields };
  const bytes = Buffer.from(JSON.stringify(body));
  return { status: error.httpStatus, headers: { ...headers, ...checksum(service, bytes) }, body: bytes };
}

function checksum(service: AwsService | undefined, body: Buffer): Record<string, string> {
  return service?.protocols.json?.checksum ? { 'x-amz-crc32': String(crc32(body)) } : {};
}

function contentType(service: AwsService | undefined): string {
  return `application/x-amz-json-${service?.protocols.json?.version ?? '1.0'}`;
}
