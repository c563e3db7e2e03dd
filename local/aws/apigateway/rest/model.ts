/** REST APIs as plain data: what the control API made and the run reads. All of it can be kept as JSON. */

export interface RestApi {
  readonly id: string;
  name: string;
  description: string | undefined;
  /** Media types that travel as base64 to functions and as bytes to clients. */
  binaryMediaTypes: readonly string[];
  /** The API's own resource policy, as JSON text. */
  policy: string | undefined;
  readonly rootResourceId: string;
  readonly createdAt: number;
  readonly resources: Record<string, Resource>;
  readonly models: Record<string, Model>;
  readonly requestValidators: Record<string, RequestValidator>;
  readonly authorizers: Record<string, RestAuthorizer>;
  readonly gatewayResponses: Record<string, GatewayResponse>;
  readonly deployments: Record<string, { readonly id: string; readonly createdAt: number }>;
  readonly stages: Record<string, Stage>;
}

export interface Resource {
  readonly id: string;
  readonly parentId: string | undefined;
  /** The segment: a word, `{name}` or `{name+}`; empty for the root. */
  readonly pathPart: string;
  /** `/orders/{id}` */
  readonly path: string;
  /** By HTTP method or `ANY`. */
  readonly methods: Record<string, Method>;
}

export interface Method {
  readonly httpMethod: string;
  readonly authorizationType: string;
  readonly authorizerId: string | undefined;
  readonly apiKeyRequired: boolean;
  readonly requestValidatorId: string | undefined;
  /** `method.request.header.X`: whether it is required. */
  readonly requestParameters: Readonly<Record<string, boolean>>;
  /** Model names by content type. */
  readonly requestModels: Readonly<Record<string, string>>;
  /** By status code. */
  readonly responses: Record<string, MethodResponse>;
  integration: Integration | undefined;
}

export interface MethodResponse {
  readonly statusCode: string;
  readonly responseParameters: Readonly<Record<string, boolean>>;
}

export type IntegrationType = 'AWS' | 'AWS_PROXY' | 'HTTP' | 'HTTP_PROXY' | 'MOCK';

export interface Integration {
  readonly type: IntegrationType;
  readonly uri: string | undefined;
  readonly httpMethod: string | undefined;
  /** The role that calls the service. */
  readonly credentials: string | undefined;
  readonly requestParameters: Readonly<Record<string, string>>;
  /** Mapping templates by content type. */
  readonly requestTemplates: Readonly<Record<string, string>>;
  readonly passthroughBehavior: 'WHEN_NO_MATCH' | 'WHEN_NO_TEMPLATES' | 'NEVER';
  readonly timeoutInMillis: number;
  /** By status code. */
  readonly responses: Record<string, IntegrationResponse>;
}

export interface IntegrationResponse {
  readonly statusCode: string;
  /** A regular expression over the backend's status code, or a function's error message; absent: the default. */
  readonly selectionPattern: string | undefined;
  readonly responseParameters: Readonly<Record<string, string>>;
  readonly responseTemplates: Readonly<Record<string, string>>;
}

export interface Model {
  readonly name: string;
  readonly contentType: string;
  /** JSON Schema draft 4, as JSON text. */
  readonly schema: string;
}

export interface RequestValidator {
  readonly id: string;
  readonly name: string;
  readonly validateRequestBody: boolean;
  readonly validateRequestParameters: boolean;
}

export interface RestAuthorizer {
  readonly id: string;
  readonly name: string;
  readonly type: 'TOKEN' | 'REQUEST';
  readonly functionArn: string;
  /** `method.request.header.Authorization`, several separated by commas. */
  readonly identitySource: string;
  /** TOKEN only: what the token must look like. */
  readonly identityValidationExpression: string | undefined;
  readonly resultTtlSeconds: number;
}

export interface GatewayResponse {
  readonly responseType: string;
  readonly statusCode: string | undefined;
  readonly responseParameters: Readonly<Record<string, string>>;
  readonly responseTemplates: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly stageName: string;
  readonly deploymentId: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Of all its methods together; absent: as many requests as come. */
  throttling?: Throttling;
}

export interface Throttling {
  /** Requests a second. */
  readonly rateLimit: number;
  /** Requests at once above the rate. */
  readonly burstLimit: number;
}
