/** An API Gateway on an endpoint of its own, with real queues behind it and functions that are closures. */
import { createApiGatewayService, type ApiGatewayService } from '../../../../local/aws/apigateway/index.ts';
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext, rootCaller, type AwsContext } from '../../../../local/aws/context.ts';
import { startEndpoint } from '../../../../local/aws/endpoint.ts';
import { createSqsService, type SqsService } from '../../../../local/aws/sqs/index.ts';

export type Handler = (event: Record<string, never>) => unknown;

export interface GatewayUnderTest {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly gateway: ApiGatewayService;
  readonly sqs: SqsService;
  /** Makes a function; what the handler throws is its error. Returns its ARN. */
  createFunction(name: string, handler: Handler): string;
  /** One call to the control API. */
  call(action: string, input: Record<string, unknown>): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export async function gatewayUnderTest(): Promise<GatewayUnderTest> {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const gateway = createApiGatewayService(context);
  const sqs = createSqsService(context);
  const functions = new Map<string, Handler>();
  context.services.register(gateway);
  context.services.register(sqs);
  context.services.register({
    name: 'lambda',
    protocols: {},
    async handle(_action, { FunctionName, Payload }) {
      const handler = functions.get(String(FunctionName));
      if (!handler) throw new Error(`no function ${String(FunctionName)}`);
      try {
        const answer = await handler(JSON.parse(String(Payload)) as Record<string, never>);
        return { StatusCode: 200, Payload: JSON.stringify(answer ?? null) };
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        return {
          StatusCode: 200,
          FunctionError: 'Unhandled',
          Payload: JSON.stringify({ errorType, errorMessage }),
        };
      }
    },
  });
  const endpoint = await startEndpoint(context);
  return {
    context,
    clock,
    gateway,
    sqs,
    createFunction(name, handler) {
      const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
      functions.set(arn, handler);
      return arn;
    },
    call: async (action, input) =>
      (await gateway.handle(action, input, rootCaller(context))) as Record<string, string>,
    async close() {
      await gateway.close?.();
      await endpoint.close();
    },
  };
}

/** As templates write it: the address at which API Gateway invokes a function. */
export function invocationUri(functionArn: string): string {
  return `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`;
}
