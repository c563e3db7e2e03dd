/**
 * An integration with an AWS service: `arn:aws:apigateway:REGION:SERVICE:action/NAME` or `...:path/PATH`, called in
 * the integration's role. The request is what the templates and parameters made of it, in the service's own protocol.
 */
import { callService } from '../../dispatch.ts';
import { asAwsError } from '../../errors.ts';
import { serviceCaller, type AwsContext, type AwsService } from '../../context.ts';
import { actingRole } from '../../iam/role-caller.ts';
import { jsonInput } from '../../protocols/aws-json.ts';
import { queryInput } from '../../protocols/query.ts';
import { SERVICE_PRINCIPAL } from '../function-call.ts';
import { GatewayRefusal } from './gateway-responses.ts';

export interface BackendRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface BackendResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ServiceUri {
  readonly service: string;
  readonly kind: 'action' | 'path';
  readonly rest: string;
}

/** @throws GatewayRefusal API_CONFIGURATION_ERROR when the integration can't call anything that runs here */
export async function callAwsService(
  context: AwsContext,
  uri: string,
  request: BackendRequest,
  identity: { readonly sourceArn: string; readonly roleArn: string | undefined },
): Promise<BackendResponse> {
  const target = parseUri(uri);
  const service = context.services.all().find(({ name }) => name === target?.service);
  if (!target || !service) throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  const caller =
    identity.roleArn === undefined
      ? serviceCaller(context, SERVICE_PRINCIPAL, identity.sourceArn)
      : actingRole(SERVICE_PRINCIPAL, identity.roleArn, 'BackplaneAssumeRoleSession', identity.sourceArn);

  const { action, input, isQuery } = readRequest(context, service, target, request);
  const headers = { 'content-type': isQuery ? 'application/json' : 'application/x-amz-json-1.1' };
  try {
    const output = await callService(context, service, action, input, caller);
    // Topics, buses and streams tell of themselves what they took; of a queue nobody knows who has sent.
    if (service.name === 'sqs' && action.startsWith('SendMessage')) {
      context.events.emit({ kind: 'published', service: 'apigateway', resourceArn: identity.sourceArn });
    }
    return {
      status: 200,
      headers,
      body: JSON.stringify(isQuery ? queryAnswer(action, output) : (output ?? {})),
    };
  } catch (thrown) {
    const error = asAwsError(thrown);
    const status = isQuery ? error.queryHttpStatus : error.httpStatus;
    const body = isQuery
      ? {
          Error: {
            Code: error.queryCode,
            Message: error.message,
            Type: error.senderFault ? 'Sender' : 'Receiver',
          },
        }
      : { __type: error.code, message: error.message, ...error.fields };
    return { status, headers, body: JSON.stringify(body) };
  }
}

export function parseUri(uri: string): ServiceUri | undefined {
  const [, service, kind, rest] =
    /^arn:[\w-]+:apigateway:[\w-]+:([\w.-]+):(action|path)\/(.*)$/s.exec(uri) ?? [];
  if (service === undefined || rest === undefined) return undefined;
  return { service, kind: kind as ServiceUri['kind'], rest };
}

function readRequest(
  context: AwsContext,
  service: AwsService,
  target: ServiceUri,
  request: BackendRequest,
): { readonly action: string; readonly input: Record<string, unknown>; readonly isQuery: boolean } {
  const named = target.kind === 'action' ? target.rest : undefined;
  const jsonTarget = request.headers['x-amz-target']?.split('.').at(-1);
  const isForm = request.headers['content-type']?.includes('x-www-form-urlencoded') === true;
  const { query } = service.protocols;
  if (jsonTarget !== undefined || (named !== undefined && !isForm && service.protocols.json)) {
    return {
      action: jsonTarget ?? named ?? '',
      input: jsonInput(Buffer.from(request.body || '{}')),
      isQuery: false,
    };
  }
  if (!query) throw new GatewayRefusal('API_CONFIGURATION_ERROR');
  const form = new URLSearchParams([...request.query, ...new URLSearchParams(isForm ? request.body : '')]);
  const input = queryInput(query, form);
  if (service.name === 'sqs' && target.kind === 'path' && input['QueueUrl'] === undefined) {
    input['QueueUrl'] = `${context.endpointUrl}/${target.rest}`;
  }
  return { action: form.get('Action') ?? named ?? '', input, isQuery: true };
}

/** API Gateway asks services of the Query protocol for JSON. */
function queryAnswer(action: string, output: unknown): Record<string, unknown> {
  return {
    [`${action}Response`]: {
      ...(output !== undefined && output !== null && { [`${action}Result`]: output }),
      ResponseMetadata: { RequestId: crypto.randomUUID() },
    },
  };
}
