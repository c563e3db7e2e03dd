/** The HTTP API of the generation system: generations are ordered and read. */
import { generationRoutes } from '../../generation/api/routes.ts';
import { generation, reportFailure } from '../../generation/environment.ts';
import { restRoutesHandler } from '../../http/rest-routes.ts';

export const handler = restRoutesHandler(generationRoutes(generation), reportFailure);
