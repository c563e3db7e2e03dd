/** Templates of caches with a user from a secret, and a parameter that shows the address as clients get it. */
const secret = {
  Type: 'AWS::SecretsManager::Secret',
  Properties: { SecretString: '{"username":"waybill","password":"of-the-secret-and-long"}' },
};
const password = { 'Fn::Sub': '{{resolve:secretsmanager:${Secret}:SecretString:password}}' };
const shown = (address: object) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: {
    Name: '/redis',
    Type: 'String',
    Value: { 'Fn::Join': ['', ['rediss://', address, ':6380']] },
  },
});
const ACCESS = 'on ~waybill:* resetchannels -@all +@connection +@stream +info +cluster|slots';

export const elastiCache = (access = ACCESS) => ({
  Resources: {
    Secret: secret,
    Client: {
      Type: 'AWS::ElastiCache::User',
      Properties: {
        Engine: 'valkey',
        UserId: 'client',
        UserName: 'waybill',
        AccessString: access,
        AuthenticationMode: { Type: 'password', Passwords: [password] },
      },
    },
    Clients: {
      Type: 'AWS::ElastiCache::UserGroup',
      Properties: { Engine: 'valkey', UserGroupId: 'clients', UserIds: [{ Ref: 'Client' }] },
    },
    Parameters: {
      Type: 'AWS::ElastiCache::ParameterGroup',
      Properties: {
        CacheParameterGroupFamily: 'valkey8',
        Description: 'Streams are never evicted',
        Properties: { 'maxmemory-policy': 'noeviction', 'reserved-memory-percent': '25' },
      },
    },
    Subnets: {
      Type: 'AWS::ElastiCache::SubnetGroup',
      Properties: { Description: 'x', SubnetIds: ['subnet-1'] },
    },
    Cache: {
      Type: 'AWS::ElastiCache::ReplicationGroup',
      Properties: {
        ReplicationGroupId: 'Streams',
        ReplicationGroupDescription: 'Redis Streams',
        Engine: 'valkey',
        CacheNodeType: 'cache.t4g.micro',
        NumCacheClusters: 1,
        Port: 6380,
        CacheParameterGroupName: { Ref: 'Parameters' },
        CacheSubnetGroupName: { Ref: 'Subnets' },
        UserGroupIds: [{ Ref: 'Clients' }],
        TransitEncryptionEnabled: true,
      },
    },
    Shown: shown({ 'Fn::GetAtt': ['Cache', 'PrimaryEndPoint.Address'] }),
  },
});

export const serverless = () => ({
  Resources: {
    Cache: {
      Type: 'AWS::ElastiCache::ServerlessCache',
      Properties: { ServerlessCacheName: 'streams', Engine: 'valkey' },
    },
    Shown: shown({ 'Fn::GetAtt': ['Cache', 'Endpoint.Address'] }),
  },
});

export const memoryDb = (access = ACCESS) => ({
  Resources: {
    Secret: secret,
    Client: {
      Type: 'AWS::MemoryDB::User',
      Properties: {
        UserName: 'waybill',
        AccessString: access,
        AuthenticationMode: { Type: 'password', Passwords: [password] },
      },
    },
    Acl: { Type: 'AWS::MemoryDB::ACL', Properties: { ACLName: 'clients', UserNames: [{ Ref: 'Client' }] } },
    Parameters: {
      Type: 'AWS::MemoryDB::ParameterGroup',
      Properties: {
        ParameterGroupName: 'streams',
        Family: 'memorydb_valkey7',
        Parameters: { 'maxmemory-policy': 'noeviction' },
      },
    },
    Subnets: {
      Type: 'AWS::MemoryDB::SubnetGroup',
      Properties: { SubnetGroupName: 'streams', SubnetIds: ['subnet-1'] },
    },
    Cache: {
      Type: 'AWS::MemoryDB::Cluster',
      Properties: {
        ClusterName: 'streams',
        NodeType: 'db.t4g.small',
        NumShards: 2,
        NumReplicasPerShard: 1,
        ACLName: { Ref: 'Acl' },
        ParameterGroupName: { Ref: 'Parameters' },
        SubnetGroupName: { Ref: 'Subnets' },
        Port: 6380,
        TLSEnabled: true,
      },
    },
    Shown: shown({ 'Fn::GetAtt': ['Cache', 'ClusterEndpoint.Address'] }),
  },
});
