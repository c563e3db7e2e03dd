/** Which events the consumers of a few events get: handlers and stacks take the same list. */
import {
  BuildChanged,
  CodePushed,
  DeploymentChanged,
  DiscussionChanged,
  InstallationChanged,
  IssueChanged,
  PullRequestChanged,
  ReleaseChanged,
  SecurityAlertChanged,
} from './adapters.ts';
import { EntitlementsChanged, TenantReactivated, TenantSuspended } from './control-plane.ts';
import { ProjectArchived, ProjectCreated, ProjectRenamed } from './core-api.ts';

/** What gives a tenant something to search for. */
export const searchableEvents = [
  ProjectCreated,
  ProjectRenamed,
  ProjectArchived,
  IssueChanged,
  PullRequestChanged,
  DiscussionChanged,
  ReleaseChanged,
] as const;

/** What a tenant may have delivered to its URL. */
export const deliveredEvents = [
  ProjectCreated,
  ProjectRenamed,
  ProjectArchived,
  PullRequestChanged,
  IssueChanged,
  DiscussionChanged,
  ReleaseChanged,
  DeploymentChanged,
  SecurityAlertChanged,
] as const;

/** What changes what a tenant may use. */
export const entitlementEvents = [EntitlementsChanged, TenantSuspended, TenantReactivated] as const;

/** What `adapters` tells other services of what is connected to a tenant. */
export const integrationEvents = [InstallationChanged] as const;

/** What shows how a tenant's software gets delivered. */
export const insightEvents = [CodePushed, PullRequestChanged, BuildChanged, DeploymentChanged] as const;
