/** A system's HTTP API: routes to functions, one authorizer, throttling, access logs, alarms on 5xx and latency. */
import { Duration } from 'aws-cdk-lib';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import type { CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  acknowledge,
  EventFunction,
  HopAlarms,
  latency,
  recordNode,
  serverErrors,
} from '../constructs/index.ts';
import { apiStageOptions } from './api-stage.ts';

export interface RoutesOf {
  /** Answers all of its routes. */
  readonly target: EventFunction;
  /** Route keys such as `POST /projects`. */
  readonly routes: readonly string[];
  /**
   * Why these routes have no authorizer.
   * @default - the API's authorizer
   */
  readonly openBecause?: string;
}

export interface SystemHttpApiProps {
  readonly functions: readonly RoutesOf[];
  /** The key that signs tokens, as text. */
  readonly tokenSecret: ISecret;
  /** Requests a second, over all routes and callers. */
  readonly throttlingRateLimit: number;
  /** Requests at once above the rate. */
  readonly throttlingBurstLimit: number;
  readonly logRetention: RetentionDays;
}

/** How long a verified token is trusted without asking again. A revoked one works so much longer. */
const AUTHORIZATION_TTL = Duration.minutes(5);

/** What the access log says: no addresses of callers, which are personal data. */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
};

export class SystemHttpApi extends Construct {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly authorizer: EventFunction;

  constructor(scope: Construct, id: string, props: SystemHttpApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', { createDefaultStage: false });
    this.authorizer = new EventFunction(this, 'Authorizer', {
      entry: 'lambda/handlers/authorize-request.ts',
      description: 'Verifies the tokens of the HTTP API',
      environment: { API_TOKEN_SECRET_ARN: props.tokenSecret.secretArn },
      timeout: Duration.seconds(5),
      memorySize: 256,
      logRetention: props.logRetention,
    });
    // Not the secret's own grant, which adds the right to describe it.
    this.authorizer.role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [props.tokenSecret.secretArn],
      }),
    );
    const authorizer = new HttpLambdaAuthorizer('Tokens', this.authorizer.function, {
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      identitySource: ['$request.header.Authorization'],
      resultsCacheTtl: AUTHORIZATION_TTL,
    });
    for (const { target, routes, openBecause } of props.functions) {
      const integration = new HttpLambdaIntegration(`${target.node.id}Integration`, target.function);
      for (const routeKey of routes) {
        const { method, path } = parsedRouteKey(routeKey);
        const route = new HttpRoute(this, routeKey.replaceAll('/', '|'), {
          httpApi: this.api,
          routeKey: HttpRouteKey.with(path, method),
          integration,
          authorizer: openBecause === undefined ? authorizer : new HttpNoneAuthorizer(),
        });
        if (openBecause !== undefined) {
          acknowledge(route.node.defaultChild as CfnRoute, 'AwsSolutions-APIG4', openBecause);
        }
      }
    }
    this.stage = this.#stage(props);
    recordNode(this.api, { kind: 'httpApi', resource: this.api });
    const alarms = new HopAlarms(this, {});
    alarms.add('ServerErrorAlarm', serverErrors(this.api));
    alarms.add('LatencyAlarm', latency(this.api));
  }

  #stage(props: SystemHttpApiProps): HttpStage {
    return new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      ...apiStageOptions(this, props, ACCESS_LOG_FIELDS),
    });
  }
}

function parsedRouteKey(routeKey: string): { readonly method: HttpMethod; readonly path: string } {
  const [method, path] = routeKey.split(' ');
  return { method: HttpMethod[method as keyof typeof HttpMethod], path: path ?? '' };
}
