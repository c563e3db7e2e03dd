/** What a method's request validator refuses: parameters that are missing, bodies that their model does not allow. */
import { GatewayRefusal } from './gateway-responses.ts';
import { schemaErrors } from './json-schema.ts';
import { requestValue, type ApiRequest } from './request.ts';

/** @throws GatewayRefusal BAD_REQUEST_PARAMETERS, BAD_REQUEST_BODY */
export function validateRequest(request: ApiRequest): void {
  const { api, method } = request;
  const validator =
    method.requestValidatorId === undefined ? undefined : api.requestValidators[method.requestValidatorId];
  if (validator?.validateRequestParameters === true) checkParameters(request);
  if (validator?.validateRequestBody === true) checkBody(request);
}

function checkParameters(request: ApiRequest): void {
  const missing = Object.entries(request.method.requestParameters)
    .filter(([source, required]) => required && (requestValue(request, source) ?? '') === '')
    .map(([source]) => source.split('.').slice(3).join('.'));
  if (missing.length > 0) {
    throw new GatewayRefusal(
      'BAD_REQUEST_PARAMETERS',
      `Missing required request parameters: [${missing.join(', ')}]`,
    );
  }
}

function checkBody({ api, method, headers, body }: ApiRequest): void {
  const contentType = mediaTypeOf(headers['content-type']);
  const modelName = method.requestModels[contentType] ?? method.requestModels['$default'];
  const model = modelName === undefined ? undefined : api.models[modelName];
  if (!model) return;
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GatewayRefusal('BAD_REQUEST_BODY', undefined, ['request body is no JSON']);
  }
  const modelNamed = (name: string): unknown => {
    const other = api.models[name];
    return other && (JSON.parse(other.schema) as unknown);
  };
  const errors = schemaErrors(JSON.parse(model.schema), value, modelNamed);
  if (errors.length > 0) throw new GatewayRefusal('BAD_REQUEST_BODY', undefined, errors);
}

/** Without its parameters; JSON when the request names none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() || 'application/json';
}
