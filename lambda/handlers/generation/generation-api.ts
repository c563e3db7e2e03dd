/** The HTTP API of the generation system: generations are ordered and read. */
import { generationRoutes } from '../../generation/api/routes.ts';
import { generation, reportFailure } from '../../generation/environment.ts';
import { httpHandler } from '../../http/http-handler.ts';

export const handler = httpHandler(generationRoutes(generation), reportFailure);
