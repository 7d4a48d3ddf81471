/**
 * How Microsoft Graph is called, as examples/microsoft-graph/gateway.config.yaml says it: a test keeps the two the same.
 */
export const GRAPH_CALLS = `failures:
  - { when: '$contains(error.message, "userPrincipalName already exists")', is: conflict, attribute: userPrincipalName }
  - { when: 'error.details[0].code = "ObjectConflict" or $contains(error.message, "already exists")', is: conflict }
  - { when: error.code = "Request_ResourceNotFound", is: notFound }
  - { when: '$status = 400 and $contains(error.message, "Invalid object identifier")', is: notFound }
kinds:
  user:
    key: id
    # A manager is an object of its own in Graph, and here its id.
    entry: '$merge([$, { "manager": manager.id }])'
    get:
      path: "/users/{$key}"
      query: &fields
        $select: '$join($distinct($append("id", $attrs[$ != "manager"].$substringBefore($, "."))), ",")'
        $expand: '"manager" in $attrs ? "manager($select=id)"'
    search:
      path: /users
      # What is asked with \`eventual\` may be counted, and filtered by more than the basics.
      headers: { ConsistencyLevel: '"eventual"' }
      query: { <<: *fields, $filter: $where, $top: $limit, $count: '"true"' }
      items: value
      total: '\`@odata.count\`'
      page: { by: next, next: '\`@odata.nextLink\`', size: 999 }
      quote: odata
      and: '"(" & $join($conditions, ") and (") & ")"'
      or: '"(" & $join($conditions, ") or (") & ")"'
      not: '"not(" & $condition & ")"'
    create: { method: POST, path: /users, body: $ }
    update: { method: PATCH, path: "/users/{$key}", body: $changed }
    delete: { method: DELETE, path: "/users/{$key}" }
    secrets: [passwordProfile]
    attributes:
      id:
        filter:
          eq: '"id eq " & $quoted'
      userPrincipalName:
        filter:
          eq: '"userPrincipalName eq " & $quoted'
          sw: '"startsWith(userPrincipalName, " & $quoted & ")"'
      displayName:
        filter:
          eq: '"displayName eq " & $quoted'
          sw: '"startsWith(displayName, " & $quoted & ")"'
      mail:
        filter:
          eq: '"mail eq " & $quoted'
          sw: '"startsWith(mail, " & $quoted & ")"'
      mailNickname:
        filter:
          eq: '"mailNickname eq " & $quoted'
      employeeId:
        filter:
          eq: '"employeeId eq " & $quoted'
      onPremisesExtensionAttributes.extensionAttribute1:
        filter:
          eq: '"onPremisesExtensionAttributes/extensionAttribute1 eq " & $quoted'
      accountEnabled:
        filter:
          eq: '"accountEnabled eq " & $quoted'
      manager:
        set:
          - { method: DELETE, path: "/users/{$key}/manager/$ref", when: $value = null, accept: $status = 404 }
          - method: PUT
            path: "/users/{$key}/manager/$ref"
            when: $value != null
            body: '{ "@odata.id": "https://graph.microsoft.com/v1.0/users/" & $encodeUrlComponent($value) }'
      otherMails: { list: true }
      businessPhones: { list: true }
  group:
    key: id
    get:
      path: "/groups/{$key}"
      query: &groupFields { $select: '$join($distinct($append("id", $attrs[$ != "members"])), ",")' }
    search:
      path: /groups
      headers: { ConsistencyLevel: '"eventual"' }
      query:
        <<: *groupFields
        # Groups for mail, and those whose members follow a rule, cannot be written by this account.
        $filter: >-
          "securityEnabled eq true and mailEnabled eq false" & ($exists($where) ? " and (" & $where & ")" : "")
        $top: $limit
        $count: '"true"'
      items: value
      total: '\`@odata.count\`'
      page: { by: next, next: '\`@odata.nextLink\`', size: 999 }
      quote: odata
      and: '"(" & $join($conditions, ") and (") & ")"'
      or: '"(" & $join($conditions, ") or (") & ")"'
    create: { method: POST, path: /groups, body: $ }
    update: { method: PATCH, path: "/groups/{$key}", body: $changed }
    delete: { method: DELETE, path: "/groups/{$key}" }
    attributes:
      id:
        filter:
          eq: '"id eq " & $quoted'
      displayName:
        filter:
          eq: '"displayName eq " & $quoted'
          sw: '"startsWith(displayName, " & $quoted & ")"'
      members:
        read:
          path: "/groups/{$key}/members/microsoft.graph.user"
          query: { $select: '"id"', $top: $limit }
          items: value.id
          page: { by: next, next: '\`@odata.nextLink\`', size: 999 }
        add:
          method: POST
          path: "/groups/{$key}/members/$ref"
          body: '{ "@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/" & $encodeUrlComponent($value) }'
          accept: '$status = 400 and $contains(error.message, "references already exist")'
        remove:
          method: DELETE
          path: "/groups/{$key}/members/{$value}/$ref"
          accept: $status = 404
`;
