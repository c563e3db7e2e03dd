/**
 * Smithy RPC v2 CBOR: `POST /service/<service>/operation/<Action>`, CBOR in and out.
 * https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
import { AwsError } from '../errors.ts';
import type { AwsService } from '../context.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import type { WireResponse } from './wire.ts';

/** The service and action that a path names; undefined when no service here speaks this protocol under that name. */
export function cborOperation(
  services: readonly AwsService[],
  path: string,
): { readonly service: AwsService; readonly action: string } | undefined {
  const [, name, action] = /^\/service\/([^/]+)\/operation\/([^/]+)$/.exec(path) ?? [];
  const service = services.find(({ protocols }) => name !== undefined && protocols.cbor?.service === name);
  return service && action !== undefined ? { service, action } : undefined;
}

/** The input of a call; an empty body is an empty input. */
export function cborInput(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let decoded: unknown;
  try {
    decoded = decodeCbor(body);
  } catch (error) {
    throw new AwsError('SerializationException', `The body is not CBOR: ${(error as Error).message}`);
  }
  if (typeof decoded !== 'object' || decoded === null || Array.isArray(decoded)) {
    throw new AwsError('SerializationException', 'The body must be a CBOR map');
  }
  return decoded as Record<string, unknown>;
}

export function cborOutput(service: AwsService, output: unknown): WireResponse {
  return { status: 200, headers: HEADERS, body: encoded(service, output ?? {}) };
}

export function cborError(service: AwsService, error: AwsError): WireResponse {
  const namespace = error.namespace ?? service.protocols.cbor?.errorNamespace;
  const headers: Record<string, string> = { ...HEADERS };
  if (service.protocols.cbor?.queryCompatible) {
    headers['x-amzn-query-error'] = `${error.queryCode};${error.senderFault ? 'Sender' : 'Receiver'}`;
  }
  const type = namespace ? `${namespace}#${error.code}` : error.code;
  const body = { __type: type, message: error.message, ...error.fields };
  return { status: error.httpStatus, headers, body: encoded(service, body) };
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/cbor',
  'smithy-protocol': 'rpc-v2-cbor',
};

function encoded(service: AwsService, value: unknown): Buffer {
  const { timestamps = [], doubles = [] } = service.protocols.cbor ?? {};
  return encodeCbor(value, new Set(timestamps), new Set(), new Set(doubles));
}
