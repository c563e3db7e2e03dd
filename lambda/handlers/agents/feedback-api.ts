/** The HTTP API of the agents system: feedback, votes, the roadmap, where to tell of it, and the metrics of events. */
import { feedbackRoutes } from '../../agents/api/routes.ts';
import { agentsService, reportFailure } from '../../agents/environment.ts';
import { httpHandler } from '../../http/http-handler.ts';

export const handler = httpHandler(
  feedbackRoutes(agentsService, { allowLoopback: process.env['WAYBILL_ENVIRONMENT'] === 'local' }),
  reportFailure,
);
