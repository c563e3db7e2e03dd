/** The HTTP routes of the agents system. Tenant and user are always the caller's own (D18). */
import { AgentsId } from '../../../catalog/agents/index.ts';
import type { Route } from '../../http/http-handler.ts';
import { idOf, validIdempotencyKeyOf } from '../../http/ids.ts';
import { Problem } from '../../http/problem.ts';
import { callerOf, commandBody, notFound, pathParameter, requireJson } from '../../http/request.ts';
import type { Role } from '../../http/request.ts';
import { eventMetrics } from '../../runtime/event-store/metrics/index.ts';
import type { PublicUrlOptions } from '../../service/public-url.ts';
import type { AgentsService } from '../effects.ts';
import { measuredConsumers } from '../measure.ts';
import { EndpointBody, FeedbackBody, METRICS_WINDOW, VoteBody } from './commands.ts';
import { giveFeedback, vote } from './feedback.ts';
import { readFeedback, readRoadmap } from './read.ts';
import { removeWebhookEndpoint, setWebhookEndpoint } from './webhook-endpoint.ts';

const ANYONE: readonly Role[] = ['member', 'admin'];
const ADMIN: readonly Role[] = ['admin'];
/** Metrics are of all tenants. */
const OPERATOR: readonly Role[] = ['operator'];

/** A request with an `idempotency-key` may be repeated: the feedback is given once, and 202 names the same one. */
export function feedbackRoutes(
  agents: () => Promise<AgentsService>,
  options: PublicUrlOptions,
): Readonly<Record<string, Route>> {
  return {
    'POST /feedback': async (event) => {
      const caller = callerOf(event, ANYONE);
      requireJson(event);
      const key = validIdempotencyKeyOf(event);
      const command = await commandBody(event, FeedbackBody);
      const feedbackId = idOf('fbk', JSON.stringify([caller.tenantId, caller.userId]), key);
      await giveFeedback(await agents(), caller, feedbackId, command, key);
      return {
        status: 202,
        headers: { location: `${event.requestContext.http.path}/${feedbackId}` },
        body: { feedbackId },
      };
    },
    'POST /feedback/{feedbackId}/votes': async (event) => {
      const caller = callerOf(event, ANYONE);
      requireJson(event);
      const feedbackId = feedbackIdOf(event);
      const { weight } = await commandBody(event, VoteBody);
      await vote(await agents(), caller, feedbackId, weight);
      return { status: 202, body: { feedbackId, weight } };
    },
    'GET /feedback/{feedbackId}': async (event) => {
      const caller = callerOf(event, ANYONE);
      const feedbackId = feedbackIdOf(event);
      return { status: 200, body: await readFeedback(await agents(), caller, feedbackId) };
    },
    'GET /roadmap': async (event) => {
      const caller = callerOf(event, ANYONE);
      const productId = productIdOf(event);
      return { status: 200, body: await readRoadmap(await agents(), caller, productId) };
    },
    'PUT /webhook-endpoint': async (event) => {
      const caller = callerOf(event, ADMIN);
      requireJson(event);
      const command = await commandBody(event, EndpointBody);
      return { status: 200, body: await setWebhookEndpoint(await agents(), caller, command, options) };
    },
    'DELETE /webhook-endpoint': async (event) => {
      await removeWebhookEndpoint(await agents(), callerOf(event, ADMIN));
      return { status: 204 };
    },
    'GET /events/metrics': async (event) => {
      callerOf(event, OPERATOR);
      const windowSeconds = windowOf(event);
      const { pool } = await agents();
      return { status: 200, body: await eventMetrics(pool, { consumers: measuredConsumers, windowSeconds }) };
    },
  };
}

type RouteEvent = Parameters<Route>[0];

/** @throws Problem 404 for what can be no id of feedback */
function feedbackIdOf(event: RouteEvent): string {
  const feedbackId = AgentsId.safeParse(pathParameter(event, 'feedbackId'));
  // NUL can not be stored, so no feedback has it.
  if (!feedbackId.success || feedbackId.data.includes('\0')) {
    throw notFound('You have no feedback with this id.');
  }
  return feedbackId.data;
}

/** @throws Problem 400 */
function productIdOf({ queryStringParameters }: RouteEvent): string | undefined {
  const text = queryStringParameters?.['productId'];
  if (text === undefined) return undefined;
  const productId = AgentsId.safeParse(text);
  if (productId.success && !productId.data.includes('\0')) return productId.data;
  throw new Problem({
    status: 400,
    code: 'WAYBILL_PRODUCT_INVALID',
    title: 'The product is not valid',
    detail: 'Give the id of a product as `productId`, 1 to 60 characters, or leave it out.',
  });
}

/** @throws Problem 400 */
function windowOf({ queryStringParameters }: RouteEvent): number {
  const text = queryStringParameters?.['windowSeconds'];
  const seconds = text === undefined ? METRICS_WINDOW.default : Number(text);
  if (Number.isInteger(seconds) && seconds >= METRICS_WINDOW.min && seconds <= METRICS_WINDOW.max)
    return seconds;
  throw new Problem({
    status: 400,
    code: 'WAYBILL_METRICS_WINDOW_INVALID',
    title: 'The window is not valid',
    detail: `Give \`windowSeconds\` as a whole number from ${METRICS_WINDOW.min} to ${METRICS_WINDOW.max}, or leave it out.`,
  });
}
