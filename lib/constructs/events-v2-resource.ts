/**
 * Resources of AWS::EventsV2. Not of CDK's own module for them: versions of aws-cdk-lib that this library works with
 * do not have it, and importing it would break every app on them.
 */
import { CfnResource, TagManager, TagType } from 'aws-cdk-lib';
import type { ITaggableV2 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export class EventsV2Resource extends CfnResource implements ITaggableV2 {
  readonly cdkTagManager: TagManager;
  readonly name: string;

  /** @param properties in CloudFormation's own spelling */
  constructor(
    scope: Construct,
    id: string,
    type: 'AWS::EventsV2::EventBus' | 'AWS::EventsV2::Subscriber',
    properties: { readonly Name: string } & Readonly<Record<string, unknown>>,
  ) {
    const tags = new TagManager(TagType.STANDARD, type);
    super(scope, id, { type, properties: { ...properties, Tags: tags.renderedTags } });
    this.cdkTagManager = tags;
    this.name = properties.Name;
  }
}
