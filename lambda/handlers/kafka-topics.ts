/** The topics of a serverless Kafka cluster. This file is the library's: it knows nothing of our systems. */
import { topicsOnDeploy } from '../service/topics-on-deploy.ts';

export const handler = topicsOnDeploy();
