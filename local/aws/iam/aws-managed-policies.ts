/** The policies that AWS keeps. One that is not here grants nothing, and a denial says so. */
import { AWS_MANAGED_POLICY_ACTIONS } from '../../../lib/policies/aws-managed-policies.ts';
import type { ManagedPolicy } from './model.ts';

export const AWS_MANAGED_POLICIES: ReadonlyMap<string, ManagedPolicy> = new Map(
  Object.entries(AWS_MANAGED_POLICY_ACTIONS).map(([path, actions]) => {
    const arn = `arn:aws:iam::aws:policy/${path}`;
    const name = path.split('/').at(-1) ?? path;
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
    });
    const folder = path.includes('/') ? `/${path.slice(0, path.lastIndexOf('/') + 1)}` : '/';
    const policy = { name, path: folder, arn, id: `ANPA${name.toUpperCase()}`, document };
    return [arn, { ...policy, createdAt: 0, description: undefined }];
  }),
);
