/** The control API of WebSocket APIs: makes the parts of an API and keeps them. */
import type { AwsContext } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import { functionArnOf } from '../function-call.ts';
import { routeThrottling } from '../rest/throttles.ts';
import { shortId } from '../short-id.ts';
import type { WebSocketApi, WebSocketRoute } from './model.ts';

type Input = Readonly<Record<string, unknown>>;

/** Milliseconds, at most and by default. apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const INTEGRATION_TIMEOUT_MILLISECONDS = 29_000;

export interface WebSocketControl {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  find(apiId: string): WebSocketApi | undefined;
}

export function createWebSocketControl(
  context: AwsContext,
  urlOf: (apiId: string) => string,
): WebSocketControl {
  const kept = context.state.collection<WebSocketApi>('apigateway.websocket-apis');
  const apis = new Map<string, WebSocketApi>(kept.entries());

  const apiOf = (input: Input): WebSocketApi => {
    const api = apis.get(text(input, 'ApiId'));
    if (api) return api;
    throw new AwsError('NotFoundException', `Invalid API identifier specified ${text(input, 'ApiId')}`, 404);
  };
  const changed = <Output>(api: WebSocketApi, output: Output): Output => {
    kept.put(api.apiId, api);
    return output;
  };

  let made = 0;

  const create: WebSocketControl['actions'] = {
    CreateApi(input) {
      const name = text(input, 'Name');
      const routeSelectionExpression = text(input, 'RouteSelectionExpression');
      if (
        !/^\$request\.body\.[\w.$]+$|^\$request\.body$/.test(
          routeSelectionExpression.replace(/^\$\{(.*)\}$/, '$$$1'),
        )
      ) {
        throw new AwsError(
          'BadRequestException',
          `Invalid routeSelectionExpression "${routeSelectionExpression}". The embedded API Gateway takes $request.body.NAME.`,
        );
      }
      const apiId = shortId(`websocket/${name}/${apis.size}/${context.clock.now()}`);
      const api: WebSocketApi = {
        apiId,
        name,
        routeSelectionExpression,
        integrations: {},
        routes: {},
        authorizers: {},
        stages: {},
        throttling: {},
      };
      apis.set(apiId, api);
      return changed(api, {
        ApiId: apiId,
        Name: name,
        ProtocolType: 'WEBSOCKET',
        ApiEndpoint: urlOf(apiId).replace(/^http/, 'ws'),
      });
    },
    CreateIntegration(input) {
      const api = apiOf(input);
      const type = text(input, 'IntegrationType');
      if (type !== 'AWS_PROXY' && type !== 'MOCK') {
        throw new AwsError(
          'BadRequestException',
          `WebSocket integrations of type ${type} do not run here, only AWS_PROXY and MOCK`,
        );
      }
      const IntegrationId =
        text(input, 'IntegrationId') || shortId(`${api.apiId}/integration/${context.clock.now()}/${made++}`);
      api.integrations[IntegrationId] = {
        type,
        functionArn: functionArnOf(text(input, 'IntegrationUri')),
        roleArn: text(input, 'CredentialsArn') || undefined,
        timeoutMilliseconds: Number(input['TimeoutInMillis'] ?? INTEGRATION_TIMEOUT_MILLISECONDS),
      };
      return changed(api, { IntegrationId });
    },
    CreateRoute(input) {
      const api = apiOf(input);
      const routeKey = text(input, 'RouteKey');
      const authorizationType = text(input, 'AuthorizationType') || 'NONE';
      if (!['NONE', 'AWS_IAM', 'CUSTOM'].includes(authorizationType)) {
        throw new AwsError(
          'BadRequestException',
          `WebSocket routes take NONE, AWS_IAM or CUSTOM authorization, not ${authorizationType}`,
        );
      }
      if (authorizationType !== 'NONE' && routeKey !== '$connect') {
        throw new AwsError(
          'BadRequestException',
          'Currently, authorization is restricted to the $connect route only',
        );
      }
      if (api.routes[routeKey]) {
        throw new AwsError(
          'ConflictException',
          `Route with key ${routeKey} already exists for this API`,
          409,
        );
      }
      const integrationId = /^integrations\/(.+)$/.exec(text(input, 'Target'))?.[1];
      api.routes[routeKey] = {
        routeKey,
        integrationId,
        authorizationType: authorizationType as WebSocketRoute['authorizationType'],
        authorizerId: text(input, 'AuthorizerId') || undefined,
        returnsResponse: text(input, 'RouteResponseSelectionExpression') === '$default',
      };
      return changed(api, { RouteId: shortId(`${api.apiId}/route/${routeKey}`) });
    },
    CreateRouteResponse(input) {
      const api = apiOf(input);
      const route = Object.values(api.routes).find(
        ({ routeKey }) => shortId(`${api.apiId}/route/${routeKey}`) === text(input, 'RouteId'),
      );
      if (!route)
        throw new AwsError('NotFoundException', `Unable to find Route ${text(input, 'RouteId')}`, 404);
      route.returnsResponse = true;
      return changed(api, { RouteResponseId: shortId(`${api.apiId}/route-response/${route.routeKey}`) });
    },
    CreateAuthorizer(input) {
      const api = apiOf(input);
      if (text(input, 'AuthorizerType') !== 'REQUEST') {
        throw new AwsError('BadRequestException', 'WebSocket APIs have REQUEST authorizers only');
      }
      const id =
        text(input, 'AuthorizerId') || shortId(`${api.apiId}/authorizer/${context.clock.now()}/${made++}`);
      api.authorizers[id] = {
        id,
        functionArn: functionArnOf(text(input, 'AuthorizerUri')),
        identitySources: (input['IdentitySource'] ?? []) as readonly string[],
      };
      return changed(api, { AuthorizerId: id });
    },
    CreateDeployment: (input) => ({
      DeploymentId: shortId(`${apiOf(input).apiId}/deployment/${context.clock.now()}`),
    }),
    CreateStage(input) {
      const api = apiOf(input);
      const StageName = text(input, 'StageName');
      api.stages[StageName] = (input['StageVariables'] ?? {}) as Record<string, string>;
      if (api.throttling !== undefined) {
        api.throttling[StageName] = routeThrottling(input['DefaultRouteSettings']);
      }
      return changed(api, { StageName });
    },
  };
  const keyOf = (api: WebSocketApi, routeId: string): string =>
    Object.keys(api.routes).find((routeKey) => shortId(`${api.apiId}/route/${routeKey}`) === routeId) ?? '';

  /** A change is the part made again, in its place. */
  const actions: WebSocketControl['actions'] = {
    ...create,
    ...Object.fromEntries(
      ['Authorizer', 'Integration', 'Stage'].map((part) => [
        `Update${part}`,
        (input: Input) => create[`Create${part}`]?.(input),
      ]),
    ),
    UpdateRoute(input) {
      const api = apiOf(input);
      const routeKey = keyOf(api, text(input, 'RouteId'));
      const before = api.routes[routeKey];
      delete api.routes[routeKey];
      try {
        const output = create['CreateRoute']?.(input);
        const after = api.routes[text(input, 'RouteKey')];
        if (before?.returnsResponse === true && after) after.returnsResponse = true;
        return changed(api, output);
      } catch (error) {
        if (before) api.routes[routeKey] = before;
        throw error;
      }
    },
    UpdateApi(input) {
      const api = apiOf(input);
      const next = {
        ...api,
        name: text(input, 'Name') || api.name,
        routeSelectionExpression: text(input, 'RouteSelectionExpression') || api.routeSelectionExpression,
      };
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
      delete api.authorizers[text(input, 'AuthorizerId')];
      return changed(api, undefined);
    },
    DeleteDeployment: (input) => void apiOf(input),
    DeleteIntegration(input) {
      const api = apiOf(input);
      delete api.integrations[text(input, 'IntegrationId')];
      return changed(api, undefined);
    },
    DeleteRoute(input) {
      const api = apiOf(input);
      delete api.routes[keyOf(api, text(input, 'RouteId'))];
      return changed(api, undefined);
    },
    DeleteStage(input) {
      const api = apiOf(input);
      delete api.stages[text(input, 'StageName')];
      return changed(api, undefined);
    },
  };
  return { actions, find: (apiId) => apis.get(apiId) };
}

function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}
