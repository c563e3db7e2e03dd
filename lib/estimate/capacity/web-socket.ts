/** Whether the account's API Gateway carries what is sent to WebSocket connections, and all of them coming back. */
import type { EstimateContext } from '../context.ts';
import { numberOf, valueAt } from '../context.ts';
import { QUOTAS } from '../quotas.ts';
import { quotaRequest, verdict } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';
import { webSocketLoads } from '../web-socket.ts';
import { figure } from './figures.ts';

/** Clients that lost their connections come back within this time: as long as their first tries are apart. */
const RETURN_SECONDS = 60;

export function webSocketVerdicts(context: EstimateContext): readonly Verdict[] {
  const { peak, assumptions, regionOf } = context;
  return webSocketLoads(context, peak, assumptions.peakShare).flatMap((load): Verdict[] => {
    const { stage, pushed, connections } = load;
    const region = regionOf(stage);
    const requests = QUOTAS.apiGatewayRequests;
    const returning = connections / RETURN_SECONDS;
    const connects = QUOTAS.webSocketConnects;
    const own = numberOf(valueAt(stage.properties, 'DefaultRouteSettings', 'ThrottlingRateLimit'));
    const allowed = Math.min(connects.value, own ?? connects.value);
    return [
      ...(pushed.perSecond <= requests.value
        ? []
        : [
            verdict('WAYBILL_CAPACITY_WEB_SOCKET_SENDS', {
              severity: 'warning' as const,
              constructPath: stage.constructPath,
              received: `${figure(pushed.perSecond)} messages a second to connections, ${figure(assumptions.connectionsPerUser)} of each user`,
              allowed: `${figure(requests.value)} ${requests.unit}`,
              fix: 'ask AWS for more, or lower maxConcurrency of the consumer that sends: what waits is not lost',
              source: requests.source,
              request: quotaRequest('API Gateway: Throttle rate', region, requests.value, pushed.perSecond),
            }),
          ]),
      ...(returning <= allowed
        ? []
        : [
            verdict('WAYBILL_CAPACITY_WEB_SOCKET_CONNECTS', {
              severity: 'warning' as const,
              constructPath: stage.constructPath,
              received: `${figure(connections)} connections, which come back at ${figure(returning)} a second when all are lost at once`,
              allowed:
                allowed < connects.value
                  ? `${figure(allowed)} a second of the stage (ThrottlingRateLimit)`
                  : `${figure(connects.value)} ${connects.unit}`,
              fix: 'raise the throttling of the stage and the quota, or let clients wait longer before they come back',
              source: connects.source,
              request: quotaRequest(
                'API Gateway: New connections per second (WebSocket API)',
                region,
                connects.value,
                returning,
              ),
            }),
          ]),
    ];
  });
}
