/** API Gateway: requests to functions behind it, and its access log. */
import { messagingOf } from '../../assembly/index.ts';
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { valueAt } from '../context.ts';
import { MONTH_SECONDS } from '../load.ts';
import { requestsTo } from '../requests.ts';
import { logLines } from './lambda.ts';
import { linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** Requests of a stack's functions are those of the stack's first API. */
export function apiCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, assumptions, average } = context;
  const requests = requestsTo(context, average);
  const apis = assembly
    .ofType('AWS::ApiGatewayV2::Api', 'AWS::ApiGateway::RestApi')
    .filter(({ properties }) => properties['ProtocolType'] !== 'WEBSOCKET');
  return [...Map.groupBy(apis, ({ stack }) => stack)].flatMap(([stack, ofStack]) => {
    const api = ofStack[0]!;
    const perSecond =
      [...requests].reduce((sum, [fn, rate]) => (fn.stack === stack ? sum + rate : sum), 0) +
      sentToQueues(context, stack);
    const isHttp = api.type === 'AWS::ApiGatewayV2::Api';
    return [
      ...linesOf(context, api, [
        {
          service: 'API Gateway',
          item: 'requests',
          priceItem: isHttp ? 'apiGatewayHttpRequests' : 'apiGatewayRestRequests',
          idle: 0,
          load: (perSecond * MONTH_SECONDS) / MILLION,
        },
      ]),
      ...(isHttp
        ? logLines(context, api, accessLogOf(context), {
            idle: 0,
            load: hasAccessLog(context) ? perSecond * assumptions.accessLogBytes : 0,
          })
        : []),
    ];
  });
}

/** Requests that an API of the stack puts into queues by itself, one for each event. */
function sentToQueues({ assembly, average, nodeIdOf }: EstimateContext, stack: Resource['stack']): number {
  const messaging = messagingOf(assembly);
  const roles = new Set(
    messaging.queueMethods
      .filter(({ resource }) => resource.stack === stack)
      .map(({ roleArn }) => messaging.role(roleArn)?.resource),
  );
  return [...roles].reduce((sum, role) => {
    const id = role === undefined ? undefined : nodeIdOf(role);
    return id === undefined ? sum : sum + average.outOf(id).perSecond;
  }, 0);
}

function hasAccessLog({ assembly }: EstimateContext): boolean {
  return assembly
    .ofType('AWS::ApiGatewayV2::Stage')
    .some(({ properties }) => properties['AccessLogSettings'] !== undefined);
}

function accessLogOf({ assembly }: EstimateContext): ReturnType<EstimateContext['assembly']['find']> {
  const stage = assembly
    .ofType('AWS::ApiGatewayV2::Stage')
    .find(({ properties }) => properties['AccessLogSettings'] !== undefined);
  return assembly.find(valueAt(stage?.properties, 'AccessLogSettings', 'DestinationArn'));
}
