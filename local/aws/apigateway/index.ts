/**
 * The embedded API Gateway: REST APIs, HTTP APIs and WebSocket APIs. Each answers on the one endpoint, under
 * `/_aws/execute-api/<api id>`.
 */
import type { AwsContext, AwsService } from '../context.ts';
import { unknownOperation } from '../errors.ts';
import type { RestRequest, RestResponse } from '../protocols/rest-json.ts';
import { createHttpApis } from './http/http-apis.ts';
import type { AuthorizerCache } from './rest/authorizer.ts';
import { controlRoutes } from './rest/control-routes.ts';
import { createRestApis } from './rest/control.ts';
import { executeRestApi } from './rest/execute.ts';
import { createThrottles } from './rest/throttles.ts';
import { createWebSocketApis, type WebSocketConnection } from './websocket/index.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly apigateway: ApiGatewayService;
  }
}

const EXECUTE_PATH = '/_aws/execute-api';
/** What templates put together: `https://API_ID.execute-api.REGION.amazonaws.com` */
const AWS_ADDRESS = /(https|wss):\/\/([a-z0-9]{10})\.execute-api\.[\w-]+\.amazonaws\.com(?:\.cn)?/g;

export interface ApiGatewayService extends AwsService {
  readonly name: 'apigateway';
  /** Where an API answers: its base address, without the stage. */
  urlOf(apiId: string): string;
  /** The text with the addresses in AWS of APIs that run here replaced by their addresses here. */
  withLocalAddresses(text: string): string;
  /** The open connections of a WebSocket API. */
  connections(apiId: string): readonly WebSocketConnection[];
}

export function createApiGatewayService(context: AwsContext): ApiGatewayService {
  const urlOf = (apiId: string): string => `${context.endpointUrl}${EXECUTE_PATH}/${apiId}`;
  const httpApis = createHttpApis(context, urlOf);
  const restApis = createRestApis(context);
  const webSocketApis = createWebSocketApis(context, urlOf);
  const restAuthorizers: AuthorizerCache = new Map();
  const throttles = createThrottles();

  const execute = async (request: RestRequest): Promise<RestResponse> => {
    const { apiId = '' } = request.parameters;
    const rawPath = request.path.slice(`${EXECUTE_PATH}/${apiId}`.length) || '/';
    const restApi = restApis.find(apiId);
    if (restApi) return executeRestApi(context, restAuthorizers, throttles, restApi, request, rawPath);
    if (webSocketApis.has(apiId)) return webSocketApis.manage(apiId, request, rawPath);
    return httpApis.execute(apiId, request, rawPath);
  };

  return {
    name: 'apigateway',
    protocols: {
      routes: [
        { method: 'ANY', path: `${EXECUTE_PATH}/{apiId}/{proxy+}`, handle: execute },
        ...controlRoutes(context),
      ],
    },
    async handle(action, input) {
      const ofWebSocket = input['ProtocolType'] === 'WEBSOCKET' || webSocketApis.has(String(input['ApiId']));
      // The two families name their members differently: `restApiId` here, `ApiId` there.
      const isRest = restApis.actions[action] !== undefined && input['ApiId'] === undefined;
      const ofVersion2 = ofWebSocket ? webSocketApis.actions : httpApis.actions;
      const run = isRest ? restApis.actions[action] : ofVersion2[action];
      if (run === undefined) throw unknownOperation('API Gateway', action);
      return run(input);
    },
    upgrade(request, socket, head) {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const [, apiId = '', stage = ''] =
        new RegExp(`^${EXECUTE_PATH}/([^/]+)/([^/]+)/?$`).exec(pathname) ?? [];
      if (!webSocketApis.has(apiId)) return false;
      void webSocketApis.connect(apiId, stage, request, socket, head);
      return true;
    },
    urlOf,
    withLocalAddresses: (text) =>
      text.replaceAll(AWS_ADDRESS, (address: string, scheme: string, apiId: string) => {
        const runsHere =
          restApis.find(apiId) !== undefined || webSocketApis.has(apiId) || httpApis.has(apiId);
        if (!runsHere) return address;
        return urlOf(apiId).replace(/^http/, scheme.startsWith('ws') ? 'ws' : 'http');
      }),
    connections: (apiId) => webSocketApis.connections(apiId),
    close: () => webSocketApis.close(),
  };
}
