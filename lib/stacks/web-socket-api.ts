/** A system's WebSocket API: who may connect, routes to functions, throttling, access log, alarms, and the right to send. */
import { Duration, Stack } from 'aws-cdk-lib';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, HopAlarms, recordEdge, recordNode, webSocketAlarms } from '../constructs/index.ts';
import type { EventFunction } from '../constructs/index.ts';
import { apiStageOptions } from './api-stage.ts';

export interface SystemWebSocketApiProps {
  /** Decides who may connect, once; it gets the handshake with its query string. */
  readonly authorizer: EventFunction;
  /** What must be in the handshake, for example `route.request.querystring.ticket`; without it the answer is 401. */
  readonly identitySource: readonly string[];
  /** Get `$connect` and `$disconnect`. The latter may never come: rows of connections need an end of their own. */
  readonly connect: EventFunction;
  readonly disconnect: EventFunction;
  /** Gets messages whose `action` is one of these, and every other as `$default`. */
  readonly message: EventFunction;
  readonly actions: readonly string[];
  /** Connects and messages a second, over all clients. */
  readonly throttlingRateLimit: number;
  /** Connects and messages at once above the rate. */
  readonly throttlingBurstLimit: number;
  readonly logRetention: RetentionDays;
}

/** A construct with a function of its own: EventFunction, QueueConsumer and their like. */
interface Sender extends IGrantable, Construct {
  readonly function: LambdaFunction;
}

/** Tells senders where the management API is. */
const MANAGEMENT_URL_VARIABLE = 'WEB_SOCKET_MANAGEMENT_URL';
const STAGE_NAME = 'live';
const NOT_AGAIN =
  'Authorization is for $connect alone: API Gateway takes none on other routes, and their messages come over a connection that was authorized';

/** What the access log says: no addresses, which are personal data, and no query strings, which have tickets. */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  eventType: '$context.eventType',
  routeKey: '$context.routeKey',
  status: '$context.status',
  connectionId: '$context.connectionId',
  integrationLatency: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
  disconnectStatusCode: '$context.disconnectStatusCode',
  disconnectReason: '$context.disconnectReason',
};

export class SystemWebSocketApi extends Construct {
  readonly api: WebSocketApi;
  readonly stage: WebSocketStage;
  readonly alarms: HopAlarms['all'];

  constructor(scope: Construct, id: string, props: SystemWebSocketApiProps) {
    super(scope, id);
    this.api = new WebSocketApi(this, 'Api', { routeSelectionExpression: '$request.body.action' });
    const authorizer = new WebSocketLambdaAuthorizer('Tickets', props.authorizer.function, {
      identitySource: [...props.identitySource],
    });
    const integrationOf = (target: EventFunction) =>
      new WebSocketLambdaIntegration(`${target.node.id}Integration`, target.function, {
        timeout: INTEGRATION_TIMEOUT,
      });
    this.api.addRoute('$connect', { integration: integrationOf(props.connect), authorizer });
    const message = integrationOf(props.message);
    const others = [
      ['$disconnect', integrationOf(props.disconnect)] as const,
      ...['$default', ...props.actions].map((action) => [action, message] as const),
    ];
    for (const [routeKey, integration] of others) {
      const route = this.api.addRoute(routeKey, { integration });
      acknowledge(route.node.defaultChild as CfnRoute, 'AwsSolutions-APIG4', NOT_AGAIN);
    }
    this.stage = this.#createStage(props);
    recordNode(this, { kind: 'webSocketApi', resource: this.stage });
    const alarms = new HopAlarms(this, {});
    const { apiId } = this.api;
    const { throttlingRateLimit } = props;
    const watched = { watched: this, apiId, stageName: this.stage.stageName, throttlingRateLimit };
    for (const [name, specification] of Object.entries(webSocketAlarms(watched))) {
      alarms.add(`${name}Alarm`, specification);
    }
    this.alarms = alarms.all;
  }

  /** `wss://...`, where clients connect. */
  get url(): string {
    return this.stage.url;
  }

  /** Lets a function use these methods of the management API, POST to send, on every connection of the stage, and tells it where. */
  grantConnections(sender: Sender, methods: readonly ('DELETE' | 'GET' | 'POST')[]): void {
    const { stageName } = this.stage;
    const resources = methods.map((method) =>
      Stack.of(this).formatArn({
        service: 'execute-api',
        resource: this.api.apiId,
        resourceName: `${stageName}/${method}/@connections/*`,
      }),
    );
    sender.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources }),
    );
    for (const resource of resources) {
      acknowledge(
        sender,
        `AwsSolutions-IAM5[Resource::${writtenByNag(Stack.of(sender).resolve(resource))}]`,
        'The id of a connection is made up when it is made; the grant is for one method of one stage of one API',
      );
    }
    this.tellManagementUrl(sender);
    recordEdge(this, { kind: 'pushes', from: sender, to: this, methods });
  }

  /** Only the variable, for a function that shares its code with those that send. */
  tellManagementUrl(fn: { readonly function: LambdaFunction }): void {
    fn.function.addEnvironment(MANAGEMENT_URL_VARIABLE, this.stage.callbackUrl);
  }

  #createStage(props: SystemWebSocketApiProps): WebSocketStage {
    return new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName: STAGE_NAME,
      ...apiStageOptions(this, props, ACCESS_LOG_FIELDS),
    });
  }
}

/** The longest that a client waits for its answer; functions have a timeout below it. */
const INTEGRATION_TIMEOUT = Duration.seconds(29);

/** An ARN as cdk-nag writes it into the id of a finding: references as `<LOGICAL_ID>`. */
function writtenByNag(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const { Ref: ref, 'Fn::Join': join } = resolved as {
    readonly Ref?: string;
    readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
  };
  return join === undefined ? `<${ref}>` : join[1].map(writtenByNag).join(join[0]);
}
