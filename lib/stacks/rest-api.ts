/**
 * A system's REST API: routes to functions, and routes straight into a queue, without a function. One authorizer,
 * throttling, problem documents for every refusal, access logs without personal data, alarms.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  AwsIntegration,
  EndpointType,
  GatewayResponse,
  IdentitySource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  Model,
  PassthroughBehavior,
  RequestAuthorizer,
  RequestValidator,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IntegrationResponse, JsonSchema, MethodOptions, Stage } from 'aws-cdk-lib/aws-apigateway';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  acknowledge,
  HopAlarms,
  recordNode,
  restClientErrors,
  restLatency,
  restServerErrors,
} from '../constructs/index.ts';
import type { EventFunction, EventQueue } from '../constructs/index.ts';
import { letPagesCall, PAGE_ORIGINS_VARIABLE, refusalHeaders } from './rest-cors.ts';
import { GATEWAY_PROBLEMS, PROBLEM_CONTENT_TYPE, problemTemplate } from './rest-problems.ts';

export interface RestRoutesOf {
  /** Answers all of its routes, as proxy with payload format 1.0. */
  readonly target: EventFunction;
  /** Such as `GET /jobs/{jobId}`. */
  readonly routes: readonly string[];
  /**
   * Why these routes have no authorizer.
   * @default - the API's authorizer
   */
  readonly openBecause?: string;
}

/** A route whose requests API Gateway puts into a queue by itself. */
export interface QueueRoute {
  /** Such as `POST /jobs`. */
  readonly route: string;
  readonly queue: EventQueue;
  /** What a body has to be, of JSON Schema draft 4. */
  readonly model: { readonly modelName: string; readonly schema: JsonSchema };
  /** Makes the body of SQS's SendMessage in its Query protocol. */
  readonly requestTemplate: string;
  /** By status of SQS. One has no selectionPattern, for what no other is for. */
  readonly responses: readonly QueueRouteResponse[];
}

export interface QueueRouteResponse {
  readonly statusCode: string;
  /** A regular expression over the status of SQS. */
  readonly selectionPattern?: string;
  readonly template: string;
  /** @default 'application/json' */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SystemRestApiProps {
  readonly restApiName: string;
  readonly description: string;
  /** Verifies the header Authorization, and answers a policy and the caller. */
  readonly authorizer: EventFunction;
  readonly functions: readonly RestRoutesOf[];
  /** @default - none */
  readonly queues?: readonly QueueRoute[];
  /** Requests a second, over all routes and callers. */
  readonly throttlingRateLimit: number;
  /** Requests at once above the rate. */
  readonly throttlingBurstLimit: number;
  readonly logRetention: RetentionDays;
  /**
   * Origins of pages that may call it from a browser.
   * @default - none but its own
   */
  readonly corsOrigins?: readonly string[];
}

/** How long a verified token is trusted without asking again. A revoked one works so much longer. */
const AUTHORIZATION_TTL = Duration.minutes(5);
/** For an SQS that answers in milliseconds; the longest is 29 seconds. */
const QUEUE_TIMEOUT = Duration.seconds(10);
/** A change that callers have to follow makes another one. */
export const REST_STAGE_NAME = 'v1';

export class SystemRestApi extends Construct {
  readonly api: RestApi;
  readonly stage: Stage;
  readonly #authorizer: RequestAuthorizer;

  constructor(scope: Construct, id: string, props: SystemRestApiProps) {
    super(scope, id);
    this.api = new RestApi(this, 'Api', {
      restApiName: props.restApiName,
      description: props.description,
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: this.#stageOptions(props),
    });
    this.stage = this.api.deploymentStage;
    acknowledge(
      this.stage,
      'AwsSolutions-APIG3',
      'Callers are services and users of known tenants: every request is authorized, throttled and held against a model',
    );
    const { corsOrigins = [], queues = [] } = props;
    if (queues.length === 0) {
      acknowledge(
        this.api,
        'AwsSolutions-APIG2',
        'Every route has a function, which validates its requests and names the fields that are wrong',
      );
    }
    this.#answerProblems(refusalHeaders(corsOrigins));
    this.#authorizer = new RequestAuthorizer(this, 'Tokens', {
      handler: props.authorizer.function,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: AUTHORIZATION_TTL,
    });
    for (const routes of props.functions) this.#routeToFunction(routes, corsOrigins);
    for (const route of queues) this.#routeToQueue(route);
    for (const acknowledged of letPagesCall(this.api, props.functions, corsOrigins)) {
      acknowledgeOpen(acknowledged, 'A preflight has no token: the browser asks before it sends one');
    }
    recordNode(this.api, { kind: 'restApi', resource: this.api });
    const alarms = new HopAlarms(this, {});
    alarms.add('ServerErrorAlarm', restServerErrors(this.api, this.stage));
    alarms.add('ClientErrorAlarm', restClientErrors(this.api, this.stage));
    alarms.add('LatencyAlarm', restLatency(this.api, this.stage));
  }

  /** Of the stage, without a slash at its end. */
  get url(): string {
    const { region, urlSuffix } = Stack.of(this);
    return `https://${this.api.restApiId}.execute-api.${region}.${urlSuffix}/${this.stage.stageName}`;
  }

  #routeToFunction({ target, routes, openBecause }: RestRoutesOf, corsOrigins: readonly string[]): void {
    const integration = new LambdaIntegration(target.function);
    for (const route of routes) {
      const { method, path } = parsedRoute(route);
      const resource = this.api.root.resourceForPath(path);
      if (openBecause === undefined) {
        acknowledgeTokens(resource.addMethod(method, integration, this.#protected()));
      } else {
        const open = resource.addMethod(method, integration, { authorizationType: AuthorizationType.NONE });
        acknowledgeOpen(open, openBecause);
      }
    }
    if (corsOrigins.length > 0 && openBecause === undefined) {
      target.function.addEnvironment(PAGE_ORIGINS_VARIABLE, corsOrigins.join(' '));
    }
  }

  /** In a role that may send to this queue and nothing else. */
  #routeToQueue({ route, queue, model, requestTemplate, responses }: QueueRoute): void {
    const { method, path } = parsedRoute(route);
    const role = new Role(this, `${model.modelName}Role`, {
      description: `${route} sends to its queue`,
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
    });
    recordNode(role, { kind: 'principal', resource: role });
    queue.grants.publish(role);
    const integration = new AwsIntegration({
      service: 'sqs',
      path: `${Stack.of(this).account}/${queue.queue.queueName}`,
      integrationHttpMethod: 'POST',
      options: {
        credentialsRole: role,
        // A body of another content type never reaches the queue.
        passthroughBehavior: PassthroughBehavior.NEVER,
        requestParameters: {
          'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
        },
        requestTemplates: { 'application/json': requestTemplate },
        integrationResponses: responses.map(integrationResponse),
        timeout: QUEUE_TIMEOUT,
      },
    });
    const added = this.api.root.resourceForPath(path).addMethod(method, integration, {
      ...this.#protected(),
      requestModels: {
        'application/json': new Model(this, `${model.modelName}Model`, {
          restApi: this.api,
          contentType: 'application/json',
          ...model,
        }),
      },
      requestValidator: new RequestValidator(this, `${model.modelName}Validator`, {
        restApi: this.api,
        validateRequestBody: true,
        validateRequestParameters: true,
      }),
      requestParameters: { 'method.request.header.Idempotency-Key': false },
      methodResponses: responses.map(({ statusCode, headers = {} }) => ({
        statusCode,
        responseParameters: Object.fromEntries(
          ['Content-Type', ...Object.keys(headers)].map((name) => [`method.response.header.${name}`, true]),
        ),
      })),
    });
    acknowledgeTokens(added);
    // The method is of no use before its role may send.
    added.node.addDependency(role);
  }

  #protected(): MethodOptions {
    return { authorizer: this.#authorizer, authorizationType: AuthorizationType.CUSTOM };
  }

  #answerProblems(more: Readonly<Record<string, string>>): void {
    for (const [responseType, problem] of Object.entries(GATEWAY_PROBLEMS)) {
      const headers = { 'Content-Type': PROBLEM_CONTENT_TYPE, ...problem.headers, ...more };
      new GatewayResponse(this, `${responseType}Response`, {
        restApi: this.api,
        type: ResponseType.of(responseType),
        statusCode: String(problem.status),
        responseHeaders: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, `'${value}'`]),
        ),
        templates: { 'application/json': problemTemplate(problem) },
      });
    }
  }

  /** Access logs without addresses of callers, which are personal data, and without what callers choose. */
  #stageOptions(props: SystemRestApiProps) {
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return {
      stageName: REST_STAGE_NAME,
      throttlingRateLimit: props.throttlingRateLimit,
      throttlingBurstLimit: props.throttlingBurstLimit,
      metricsEnabled: true,
      tracingEnabled: true,
      loggingLevel: MethodLoggingLevel.ERROR,
      // Bodies are prompts.
      dataTraceEnabled: false,
      accessLogDestination: new LogGroupLogDestination(accessLog),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
    };
  }
}

const ACCESS_LOG = {
  requestId: '$context.extendedRequestId',
  requestTime: '$context.requestTime',
  httpMethod: '$context.httpMethod',
  resourcePath: '$context.resourcePath',
  status: '$context.status',
  responseType: '$context.error.responseType',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
  authorizerStatus: '$context.authorizer.status',
};

function integrationResponse({
  statusCode,
  selectionPattern,
  template,
  contentType = 'application/json',
  headers = {},
}: QueueRouteResponse): IntegrationResponse {
  return {
    statusCode,
    ...(selectionPattern === undefined ? {} : { selectionPattern }),
    responseParameters: Object.fromEntries(
      Object.entries({ 'Content-Type': contentType, ...headers }).map(([name, value]) => [
        `method.response.header.${name}`,
        `'${value}'`,
      ]),
    ),
    responseTemplates: { 'application/json': template },
  };
}

function acknowledgeTokens(method: Construct): void {
  acknowledge(
    method,
    'AwsSolutions-COG4',
    'The tokens are those of the HTTP APIs, which a Lambda authorizer verifies; there is no user pool',
  );
}

function acknowledgeOpen(method: Construct, because: string): void {
  acknowledge(method, 'AwsSolutions-APIG4', because);
  acknowledge(method, 'AwsSolutions-COG4', because);
}

function parsedRoute(route: string): { readonly method: string; readonly path: string } {
  const [method = '', path = ''] = route.split(' ');
  return { method, path };
}
