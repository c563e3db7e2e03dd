/** One request to a REST API: find the method, authorize, validate, integrate. */
import type { AwsContext } from '../../context.ts';
import { asAwsError } from '../../errors.ts';
import type { RestRequest, RestResponse } from '../../protocols/rest-json.ts';
import { authorizeRequest, type AuthorizerCache } from './authorizer.ts';
import { gatewayResponse, GatewayRefusal } from './gateway-responses.ts';
import { runIntegration } from './integration.ts';
import type { RestApi } from './model.ts';
import { matchResource } from './path-matching.ts';
import { apiRequest, templateInput, unmatchedInput, type ApiRequest } from './request.ts';
import type { Throttles } from './throttles.ts';
import { validateRequest } from './validation.ts';

/** Bytes of a request's body. apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
const MAXIMUM_PAYLOAD_BYTES = 10 * 1024 * 1024;

/** Runs a request whose path, after the API's address, is `/STAGE/...`. Always answers. */
export async function executeRestApi(
  context: AwsContext,
  cache: AuthorizerCache,
  throttles: Throttles,
  api: RestApi,
  request: RestRequest,
  stageAndPath: string,
): Promise<RestResponse> {
  const [, stageName = '', ...rest] = stageAndPath.split('/');
  const stage = api.stages[stageName];
  if (!stage) return { status: 403, body: { message: 'Forbidden' } };
  const started = performance.now();
  const path = `/${rest.join('/')}`.replace(/(.)\/$/, '$1');
  const response = await answer(context, cache, throttles, request, { api, stage, path });
  putMetrics(context, api.name, stage.stageName, response.status, performance.now() - started);
  return response;
}

async function answer(
  context: AwsContext,
  cache: AuthorizerCache,
  throttles: Throttles,
  original: RestRequest,
  place: Pick<ApiRequest, 'api' | 'stage' | 'path'>,
): Promise<RestResponse> {
  const matched = matchResource(Object.values(place.api.resources), place.path);
  const method = matched?.resource.methods[original.method] ?? matched?.resource.methods['ANY'];
  if (!matched || !method) {
    // A path or method that the API does not have, in AWS's odd words.
    const refusal = new GatewayRefusal('MISSING_AUTHENTICATION_TOKEN');
    return gatewayResponse(place.api, refusal, unmatchedInput(context, original, place));
  }
  const request = apiRequest(context, original, { ...place, ...matched, method });
  try {
    if (!throttles.admits(place, context.clock.now())) throw new GatewayRefusal('THROTTLED');
    if (request.body.length > MAXIMUM_PAYLOAD_BYTES) throw new GatewayRefusal('REQUEST_TOO_LARGE');
    await authorizeRequest(context, cache, request);
    validateRequest(request);
    return await runIntegration(context, request);
  } catch (error) {
    const refusal =
      error instanceof GatewayRefusal
        ? error
        : new GatewayRefusal('API_CONFIGURATION_ERROR', asAwsError(error).message);
    return gatewayResponse(
      place.api,
      refusal,
      templateInput(context, request, request.body.toString('utf8')),
    );
  }
}

/** apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html */
function putMetrics(
  context: AwsContext,
  apiName: string,
  stage: string,
  status: number,
  milliseconds: number,
): void {
  const dimensions = { ApiName: apiName, Stage: stage };
  const put = (name: string, value: number, unit = 'Count') =>
    context.metrics.put({ namespace: 'AWS/ApiGateway', name, dimensions, value, unit });
  put('Count', 1);
  put('4XXError', status >= 400 && status < 500 ? 1 : 0);
  put('5XXError', status >= 500 ? 1 : 0);
  put('Latency', milliseconds, 'Milliseconds');
}
