/**
 * What `adapters` publishes: what happened at a third party, in our words. Every event names its `subject`,
 * an opaque id such as `issue:444500041`; events of one subject are kept in order.
 */
import {
  CodePushed,
  ReferenceChanged,
  PullRequestChanged,
  PullRequestReviewed,
  ReleaseChanged,
  RepositoryChanged,
} from './adapters-code.ts';
import {
  IssueChanged,
  CommentChanged,
  DiscussionChanged,
  PlanningChanged,
  BuildChanged,
  DeploymentChanged,
  SecurityAlertChanged,
} from './adapters-work.ts';
import {
  AccessChanged,
  InstallationChanged,
  RepositoryConnected,
  RepositoryDisconnected,
  WebhookReceived,
} from './adapters-accounts.ts';

export { Adapters } from './adapters-origin.ts';
export * from './adapters-code.ts';
export * from './adapters-work.ts';
export * from './adapters-accounts.ts';

export const adaptersEvents = [
  CodePushed,
  ReferenceChanged,
  PullRequestChanged,
  PullRequestReviewed,
  IssueChanged,
  CommentChanged,
  DiscussionChanged,
  PlanningChanged,
  BuildChanged,
  DeploymentChanged,
  ReleaseChanged,
  SecurityAlertChanged,
  AccessChanged,
  RepositoryChanged,
  InstallationChanged,
  RepositoryConnected,
  RepositoryDisconnected,
  WebhookReceived,
] as const;
