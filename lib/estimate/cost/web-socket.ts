/** API Gateway's WebSocket APIs: messages in either direction, and minutes of connections. */
import type { EstimateContext } from '../context.ts';
import { averageBytes } from '../flow.ts';
import { MONTH_SECONDS } from '../load.ts';
import { webSocketLoads } from '../web-socket.ts';
import { linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** aws.amazon.com/api-gateway/pricing */
const MESSAGE_BYTES = 32 * 1024;
const SECONDS_PER_MINUTE = 60;

export function webSocketCost(context: EstimateContext): readonly CostLine[] {
  const { average, assumptions } = context;
  const share = assumptions.peakShare * assumptions.averageShare;
  return webSocketLoads(context, average, share).flatMap((load) => {
    const { stage, pushed, connections, connectsPerSecond, heartbeatsPerSecond } = load;
    const parts = Math.max(1, Math.ceil(averageBytes(pushed) / MESSAGE_BYTES));
    // Each connection asks once for what it has missed, and is answered.
    const perSecond = pushed.perSecond * parts + heartbeatsPerSecond + 2 * connectsPerSecond;
    return linesOf(context, stage, [
      {
        service: 'API Gateway',
        item: 'WebSocket messages',
        priceItem: 'apiGatewayWebSocketMessages',
        idle: 0,
        load: (perSecond * MONTH_SECONDS) / MILLION,
      },
      {
        service: 'API Gateway',
        item: 'WebSocket connection minutes',
        priceItem: 'apiGatewayConnectionMinutes',
        idle: 0,
        load: (connections * MONTH_SECONDS) / SECONDS_PER_MINUTE / MILLION,
      },
    ]);
  });
}
