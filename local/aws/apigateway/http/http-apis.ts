/**
 * HTTP APIs with Lambda proxy integrations (payload format 2.0), Lambda authorizers and CORS.
 * apigateway/latest/developerguide/http-api.html
 */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../../context.ts';
import { AwsError, asAwsError } from '../../errors.ts';
import type { RestRequest, RestResponse } from '../../protocols/rest-json.ts';
import { callFunction, functionArnOf } from '../function-call.ts';
import { shortId } from '../short-id.ts';
import { authorize } from './authorizer.ts';
import type { Authorizer } from './authorizer.ts';
import { corsHeaders, preflight } from './cors.ts';
import type { CorsConfiguration } from './cors.ts';
import { internalServerError, toHttpEvent, toHttpResponse } from './http-event.ts';
import { selectRoute } from './route-selection.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const MAXIMUM_PAYLOAD_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MILLISECONDS = 30_000;

export interface HttpApis {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  has(apiId: string): boolean;
  /** `rawPath` is what follows the API's address, `/` at least. */
  execute(apiId: string, request: RestRequest, rawPath: string): Promise<RestResponse>;
}

interface HttpApi {
  readonly apiId: string;
  readonly name: string;
  readonly cors: CorsConfiguration | undefined;
  readonly integrations: Map<string, Integration>;
  readonly routes: Route[];
  readonly stages: Map<string, Readonly<Record<string, string>>>;
  readonly authorizers: Map<string, Authorizer>;
  /** Parts made so far, for ids that do not come again. */
  made: number;
}

/** An API as it is kept: without the answers of its authorizers. */
interface KeptApi extends Pick<HttpApi, 'apiId' | 'name' | 'cors' | 'routes'> {
  readonly made: number;
  readonly integrations: readonly (readonly [id: string, Integration])[];
  readonly stages: readonly (readonly [name: string, Readonly<Record<string, string>>])[];
  readonly authorizers: readonly Omit<Authorizer, 'results'>[];
}

interface Integration {
  readonly functionArn: string;
  readonly timeoutMilliseconds: number;
}

interface Route {
  readonly routeId: string;
  readonly routeKey: string;
  readonly integrationId: string;
  readonly authorizerId: string | undefined;
}

/** `urlOf` tells where an API answers. */
export function createHttpApis(context: AwsContext, urlOf: (apiId: string) => string): HttpApis {
  const kept = context.state.collection<KeptApi>('apigateway.http-apis');
  const apis = new Map(kept.entries().map(([apiId, api]) => [apiId, restored(api)]));
  let made = 0;

  /** Keeps the API after a change, and answers. */
  const changed = <Output>(api: HttpApi, output: Output): Output => {
    if (context.state.persistent) kept.put(api.apiId, toKept(api));
    return output;
  };

  const apiOf = (input: Input): HttpApi => {
    const api = apis.get(text(input, 'ApiId'));
    if (api === undefined)
      throw new AwsError(
        'NotFoundException',
        `Invalid API identifier specified ${text(input, 'ApiId')}`,
        404,
      );
    return api;
  };

  const create: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateApi(input) {
      const protocol = text(input, 'ProtocolType') || 'HTTP';
      if (protocol !== 'HTTP')
        throw new AwsError('BadRequestException', `Only HTTP APIs run here, not ${protocol}`);
      const name = text(input, 'Name');
      let apiId = shortId(`${name}/${made++}`);
      while (apis.has(apiId)) apiId = shortId(`${name}/${made++}`);
      const cors = input['CorsConfiguration'] as CorsConfiguration | undefined;
      const api: HttpApi = {
        apiId,
        name,
        cors,
        integrations: new Map(),
        routes: [],
        stages: new Map(),
        authorizers: new Map(),
        made: 0,
      };
      apis.set(apiId, api);
      return changed(api, { ApiId: apiId, Name: name, ProtocolType: 'HTTP', ApiEndpoint: urlOf(apiId) });
    },
    CreateIntegration(input) {
      const api = apiOf(input);
      if (
        input['IntegrationType'] !== 'AWS_PROXY' ||
        (input['PayloadFormatVersion'] ?? '2.0') !== '2.0' ||
        input['IntegrationSubtype'] !== undefined
      ) {
        throw new AwsError(
          'BadRequestException',
          'Only Lambda proxy integrations with payload format 2.0 run here',
        );
      }
      const IntegrationId = text(input, 'IntegrationId') || shortId(`${api.apiId}/integration/${api.made++}`);
      api.integrations.set(IntegrationId, {
        functionArn: functionArnOf(text(input, 'IntegrationUri')),
        timeoutMilliseconds: Number(input['TimeoutInMillis'] ?? INTEGRATION_TIMEOUT_MILLISECONDS),
      });
      return changed(api, { IntegrationId });
    },
    CreateRoute(input) {
      const api = apiOf(input);
      const integrationId = /^integrations\/(.+)$/.exec(text(input, 'Target'))?.[1] ?? '';
      if (!api.integrations.has(integrationId))
        throw new AwsError('NotFoundException', `Unable to find Integration by key ${integrationId}`, 404);
      const RouteId = text(input, 'RouteId') || shortId(`${api.apiId}/route/${api.made++}`);
      const authorizerId = input['AuthorizerId'] as string | undefined;
      if (input['AuthorizationType'] === 'AWS_IAM') {
        throw new AwsError(
          'BadRequestException',
          'HTTP API routes with AWS_IAM authorization do not run here',
        );
      }
      const route = { routeId: RouteId, routeKey: text(input, 'RouteKey'), integrationId, authorizerId };
      const index = api.routes.findIndex(({ routeId }) => routeId === RouteId);
      if (index < 0) api.routes.push(route);
      else api.routes[index] = route;
      return changed(api, { RouteId });
    },
    CreateDeployment: (input) => ({ DeploymentId: shortId(`${apiOf(input).apiId}/deployment`) }),
    CreateStage(input) {
      const StageName = text(input, 'StageName');
      const api = apiOf(input);
      api.stages.set(StageName, (input['StageVariables'] ?? {}) as Record<string, string>);
      return changed(api, { StageName });
    },
    CreateAuthorizer(input) {
      const api = apiOf(input);
      if (input['AuthorizerType'] !== 'REQUEST') {
        throw new AwsError(
          'BadRequestException',
          `Only Lambda (REQUEST) authorizers run here, not ${text(input, 'AuthorizerType')}`,
        );
      }
      const AuthorizerId = text(input, 'AuthorizerId') || shortId(`${api.apiId}/authorizer/${api.made++}`);
      api.authorizers.set(AuthorizerId, {
        id: AuthorizerId,
        functionArn: functionArnOf(text(input, 'AuthorizerUri')),
        identitySources: (input['IdentitySource'] ?? []) as readonly string[],
        resultTtlSeconds: Number(input['AuthorizerResultTtlInSeconds'] ?? 0),
        results: new Map(),
        simpleResponses: input['EnableSimpleResponses'] === true || input['EnableSimpleResponses'] === 'true',
      });
      return changed(api, { AuthorizerId });
    },
    GetApis: () => ({
      Items: [...apis.values()].map(({ apiId, name }) => ({
        ApiId: apiId,
        Name: name,
        ApiEndpoint: urlOf(apiId),
      })),
    }),
  };

  /** A change is the part made again, in its place. */
  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    ...create,
    ...Object.fromEntries(
      ['Authorizer', 'Integration', 'Route', 'Stage'].map((part) => [
        `Update${part}`,
        (input: Input) => create[`Create${part}`]?.(input),
      ]),
    ),
    UpdateApi(input) {
      const api = apiOf(input);
      const cors = input['CorsConfiguration'] as CorsConfiguration | undefined;
      const next = { ...api, name: text(input, 'Name') || api.name, cors };
      apis.set(api.apiId, next);
      return changed(next, { ApiId: api.apiId });
    },
    DeleteApi(input) {
      const { apiId } = apiOf(input);
      apis.delete(apiId);
      kept.delete(apiId);
    },
    DeleteAuthorizer(input) {
      const api = apiOf(input);
      api.authorizers.delete(text(input, 'AuthorizerId'));
      return changed(api, undefined);
    },
    DeleteDeployment: (input) => void apiOf(input),
    DeleteIntegration(input) {
      const api = apiOf(input);
      api.integrations.delete(text(input, 'IntegrationId'));
      return changed(api, undefined);
    },
    DeleteRoute(input) {
      const api = apiOf(input);
      const index = api.routes.findIndex(({ routeId }) => routeId === text(input, 'RouteId'));
      if (index >= 0) api.routes.splice(index, 1);
      return changed(api, undefined);
    },
    DeleteStage(input) {
      const api = apiOf(input);
      api.stages.delete(text(input, 'StageName'));
      return changed(api, undefined);
    },
  };

  const execute = async (apiId: string, request: RestRequest, rawPath: string): Promise<RestResponse> => {
    const api = apis.get(apiId);
    if (api === undefined) return notFound();
    const origin = request.headers['origin'];
    if (api.cors !== undefined && request.method === 'OPTIONS' && origin !== undefined)
      return preflight(api.cors, origin);
    const response = await runRoute(api, request, rawPath);
    return api.cors === undefined
      ? response
      : { ...response, headers: { ...response.headers, ...corsHeaders(api.cors, origin) } };
  };

  const runRoute = async (api: HttpApi, request: RestRequest, rawPath: string): Promise<RestResponse> => {
    if (request.body.length > MAXIMUM_PAYLOAD_BYTES)
      return { status: 413, body: { message: 'Request Entity Too Large' } };
    const { stage, path } = stageOf(api, rawPath);
    const selected = stage === undefined ? undefined : selectRoute(api.routes, request.method, path);
    if (stage === undefined || selected === undefined) return notFound();

    const place = {
      accountId: context.accountId,
      apiId: api.apiId,
      domainName: new URL(context.endpointUrl).host,
      stage,
      stageVariables: api.stages.get(stage) ?? {},
      routeKey: selected.route.routeKey,
      rawPath,
      pathParameters: selected.pathParameters,
      requestId: randomUUID(),
      time: context.clock.now(),
    };
    const { authorizerId } = selected.route;
    const authorizer = authorizerId === undefined ? undefined : api.authorizers.get(authorizerId);
    if (authorizerId !== undefined && authorizer === undefined) return internalServerError();
    const granted =
      authorizer === undefined ? {} : await authorize(authorizer, toHttpEvent(request, place), context);
    if ('refusal' in granted) return granted.refusal;

    const integration = api.integrations.get(selected.route.integrationId);
    if (integration === undefined) return internalServerError();
    const event = toHttpEvent(request, { ...place, ...granted });
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), integration.timeoutMilliseconds);
    try {
      const sourceArn = sourceArnOf(context, api.apiId, stage, selected.route.routeKey);
      const call = callFunction(context, integration.functionArn, event, { sourceArn });
      const result = await Promise.race([call, late]);
      if (result === 'late') return { status: 503, body: { message: 'Service Unavailable' } };
      return result.failed ? internalServerError() : toHttpResponse(result.payload);
    } catch (thrown) {
      return asAwsError(thrown).code === 'TooManyRequestsException'
        ? { status: 503, body: { message: 'Service Unavailable' } }
        : internalServerError();
    } finally {
      clearTimeout(timer);
    }
  };

  return { actions, has: (apiId) => apis.has(apiId), execute };
}

type Input = Record<string, unknown>;

function toKept({ apiId, name, cors, made, routes, integrations, stages, authorizers }: HttpApi): KeptApi {
  return {
    apiId,
    made,
    name,
    cors,
    routes,
    integrations: [...integrations],
    stages: [...stages],
    authorizers: [...authorizers.values()].map(({ results: _results, ...authorizer }) => authorizer),
  };
}

function restored({ integrations, stages, authorizers, ...api }: KeptApi): HttpApi {
  return {
    ...api,
    integrations: new Map(integrations),
    stages: new Map(stages),
    authorizers: new Map(authorizers.map((each) => [each.id, { ...each, results: new Map() }])),
  };
}

function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}

/** A named stage is the first segment of the path; everything else belongs to `$default`. */
function stageOf(api: HttpApi, path: string): { readonly stage: string | undefined; readonly path: string } {
  const [, first = '', ...rest] = path.split('/');
  if (first !== '' && api.stages.has(first)) return { stage: first, path: `/${rest.join('/')}` };
  return { stage: api.stages.has('$default') ? '$default' : undefined, path };
}

/** What permissions of functions name: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`. */
function sourceArnOf(
  { region, accountId }: AwsContext,
  apiId: string,
  stage: string,
  routeKey: string,
): string {
  const [method = '', path = ''] = routeKey === '$default' ? ['$default'] : routeKey.split(' ');
  const route = path === '' ? method : `${method === 'ANY' ? '*' : method}${path}`;
  return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${route}`;
}

function notFound(): RestResponse {
  return { status: 404, body: { message: 'Not Found' } };
}
