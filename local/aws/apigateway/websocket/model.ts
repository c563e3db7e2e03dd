/** WebSocket APIs as plain data: what the control API made and the run reads. */
import type { Throttling } from '../rest/model.ts';

export interface WebSocketApi {
  readonly apiId: string;
  readonly name: string;
  /** `$request.body.action`: where a message says which route it is for. */
  readonly routeSelectionExpression: string;
  readonly integrations: Record<string, WebSocketIntegration>;
  /** By route key: `$connect`, `$disconnect`, `$default`, or an action. */
  readonly routes: Record<string, WebSocketRoute>;
  readonly authorizers: Record<string, WebSocketAuthorizer>;
  /** Variables by stage. */
  readonly stages: Record<string, Readonly<Record<string, string>>>;
  /** By stage; absent: as many connects and messages as come. */
  readonly throttling?: Record<string, Throttling | undefined>;
}

export interface WebSocketIntegration {
  readonly type: 'AWS_PROXY' | 'MOCK';
  readonly functionArn: string;
  readonly roleArn: string | undefined;
  readonly timeoutMilliseconds: number;
}

export interface WebSocketRoute {
  readonly routeKey: string;
  readonly integrationId: string | undefined;
  readonly authorizationType: 'NONE' | 'AWS_IAM' | 'CUSTOM';
  readonly authorizerId: string | undefined;
  /** The function's answer goes back to the client. */
  returnsResponse: boolean;
}

export interface WebSocketAuthorizer {
  readonly id: string;
  readonly functionArn: string;
  /** `route.request.querystring.ticket`, `route.request.header.Auth`: all must be there, else the answer is 401. */
  readonly identitySources: readonly string[];
}
