/**
 * AWS JSON 1.1 in CBOR, as Java's SDKs speak it with Kinesis: the target header as ever, `application/x-amz-cbor-1.1`
 * in and out, byte strings instead of base64, and times in milliseconds.
 */
import type { AwsService } from '../context.ts';
import type { AwsError } from '../errors.ts';
import { encodeCbor } from './cbor.ts';
import { cborInput } from './rpc-v2-cbor.ts';
import type { WireResponse } from './wire.ts';

export const AWS_CBOR = 'application/x-amz-cbor-1.1';

export function awsCborInput(service: AwsService, body: Buffer): Record<string, unknown> {
  const { timestamps = [] } = service.protocols.json?.cbor ?? {};
  return scaled(cborInput(body), new Set(timestamps), 1 / 1000) as Record<string, unknown>;
}

export function awsCborOutput(service: AwsService, output: unknown): WireResponse {
  return response(service, 200, output ?? {});
}

export function awsCborError(service: AwsService, error: AwsError): WireResponse {
  return response(service, error.httpStatus, { __type: error.code, message: error.message, ...error.fields });
}

function response(service: AwsService, status: number, output: unknown): WireResponse {
  const { timestamps = [], blobs = [] } = service.protocols.json?.cbor ?? {};
  const times = new Set(timestamps);
  return {
    status,
    headers: { 'content-type': AWS_CBOR },
    body: encodeCbor(scaled(output, times, 1000), times, new Set(blobs)),
  };
}

/** The value with every number under one of these names multiplied. */
function scaled(value: unknown, names: ReadonlySet<string>, factor: number): unknown {
  if (Array.isArray(value)) return value.map((item) => scaled(item, names, factor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      names.has(name) && typeof member === 'number' ? member * factor : scaled(member, names, factor),
    ]),
  );
}
