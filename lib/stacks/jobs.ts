/** The stack of the jobs system, with what it needs of the shared ones. */
import type { App } from 'aws-cdk-lib';
import type { EnvironmentConfig } from '../config/index.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { JobsStack } from './jobs-stack.ts';

export function createJobs(app: App, config: EnvironmentConfig, foundation: FoundationStack): JobsStack {
  const jobs = new JobsStack(app, 'Jobs', {
    config,
    key: foundation.key,
    alertTopic: foundation.alertTopic,
  });
  foundation.alertTopic.allowCostAnomalies();
  // The stage writes logs with the account's role, which nothing refers to.
  jobs.addStackDependency(foundation);
  return jobs;
}
