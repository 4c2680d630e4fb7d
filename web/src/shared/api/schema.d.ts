// Made from openapi.json by `npm run api`. Not to be edited.

export interface paths {
    "/api/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Agents and what each is doing
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who I am as an agent, and what I choose from
         * @description This needs a person who is signed in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/{id}/endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How an agent is rung
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EndpointChoice"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Chooses how an agent is rung from now on
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EndpointChoice"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/{id}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an agent is doing
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Asks for another state; during a call it comes after it
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewState"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/{id}/wrap-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * More time for an agent's wrap-up
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MoreWrapUp"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/attestation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far the checks of an attestation are
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Progress"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Runs the checks of an attestation and answers its questions, signed
         * @description This needs the role auditor, supervisor or owner.
         */
        post: {
            parameters: {
                query?: {
                    /** @description json (without it) or markdown, as also `Accept: text/markdown` asks for */
                    format?: string;
                    /** @description Of the Markdown: en (without it), de, fr, es or zh */
                    language?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Wanted"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/attestation/newest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The newest attestation, as it was signed; of a tenant that keeps no records, the newest since the start
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description json (without it) or markdown, as also `Accept: text/markdown` asks for */
                    format?: string;
                    /** @description Of the Markdown: en (without it), de, fr, es or zh */
                    language?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who did what, newest first
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only entries of exactly this author */
                    who?: string;
                    /** @description Only actions that begin so: recording. or recording.listen */
                    action?: string;
                    /** @description Only entries about exactly this object: Recording/r1 */
                    object?: string;
                    /** @description Only entries at or after this: RFC 3339, or a date in UTC */
                    from?: string;
                    /** @description Only entries before this */
                    to?: string;
                    /** @description Where the page before ended */
                    cursor?: string;
                    /** @description At most this many, 1 to 500 */
                    limit?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditList"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/chain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The audit log as it is chained, oldest first, with its signed heads
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Number of the last entry seen */
                    after?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Chain"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/heads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs where the audit log ends now; for an export
         * @description This needs the role auditor, supervisor or owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HeadLine"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Backups of this server: when and how they were made and restored for trial, and what is next
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BackupsView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/brand/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * In whose name and colours the page is that opens a softphone
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Brand"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Promises to call back that are not kept yet
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CallbackView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/callbacks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes a promise to call back back
         * @description This needs the role supervisor or owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Calls, open ones first, then those that are over, newest first
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only calls of this queue */
                    queue?: string;
                    /** @description Only calls in which this agent talks or talked last; me is oneself */
                    agent?: string;
                    /** @description Only calls of whoever has exactly this number; noted in the audit log */
                    caller?: string;
                    /** @description Only calls that are over of which an agent said this */
                    disposition?: string;
                    /** @description Only calls that began at or after this: RFC 3339, or a date in UTC */
                    from?: string;
                    /** @description Only calls that began before this */
                    to?: string;
                    /** @description Id of a call: only calls that are over, of the same caller */
                    with_same_caller_as?: string;
                    /** @description Where the page before ended */
                    cursor?: string;
                    /** @description At most this many, 1 to 500 */
                    limit?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CallList"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A call with legs, timeline and why each agent was rung
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CallDetail"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls/{id}/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Does something about a call: transfer, consult, supervise, give, move and more
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAction"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls/{id}/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A call told in sentences, with everybody who could have been rung at each decision
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Explanation"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls/{id}/hang-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a call
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calls/{id}/notes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Notes on a call
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NotesView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Keeps notes on a call, sealed with the caller's key
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewNotes"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/catalogue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every stored field: purpose, origin, retention
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CatalogueField"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/closing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far the end of the account is, and the signed certificate once everything is destroyed; the token is its receipt, or an owner's
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClosingView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Ends the account: calls and sign-in stop, and everything of the tenant is destroyed after the days of its rule, or at once
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Wanted2"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ended"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Takes the end of the account back, until its data is being destroyed
         * @description This needs no sign-in.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Has the data of an account that ended destroyed earlier; the token is its receipt, or an owner's
         * @description This needs no sign-in.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Earlier"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClosingView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/configuration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of the tenant
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes the tenant consist of exactly these objects
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown[];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Step"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/configuration/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What applying these objects would change
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown[];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Step"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connector/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the tab in Teams has to know before somebody signs in
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TabSetup"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connector/{tenant}/softphone-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A link that has the softphone on the person's computer call a number, if the tenant calls such numbers
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    tenant: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewLink"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Link"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/demo/personas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Made-up people as whom to sign in; only in the demo
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Persona"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/demo/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in as somebody made up; only in the demo
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPersona"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The ways in which people can call here
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WayView2"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Somebody calls a number: their own phone rings first
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDial"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Begun"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dial/may": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a telephone system allows whoever asks
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewLook"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MayView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dial/pass": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Which line a pass is for, told to its person
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PassToLook"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PassLine"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dial/{correlation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far a call is that was asked for by this name
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Id of the agent who asked for it; without it oneself */
                    agent?: string;
                };
                header?: never;
                path: {
                    correlation: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Begun"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Hangs up, or withdraws, such a call
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        delete: {
            parameters: {
                query?: {
                    /** @description Id of the agent who asked for it; without it oneself */
                    agent?: string;
                };
                header?: never;
                path: {
                    correlation: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Begun"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whom a call can go to: queues, and agents with the free ones first
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Part of a name or an id */
                    q?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Target"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/local": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enters somebody beside Microsoft's people
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EntryView"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/local/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes somebody who was entered
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EntryView"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Erases somebody who was entered: the key is destroyed
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the copy of the Microsoft directory stands
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DirectoryView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * People of the Microsoft directory whom a text fits
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginnings of names, or a part of a number */
                    q?: string;
                    /** @description At most this many, 50 at most */
                    limit?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/users/{id}/correction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Says something of a person in place of what Microsoft says
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CorrectionView"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Microsoft's word about a person counts again
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory/users/{id}/photo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A picture of somebody, fetched from Microsoft and kept nowhere: JPEG or PNG
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispositions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispositions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispositions/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dispositions/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/flows/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Legal holds
         * @description This needs the role auditor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HoldView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Places a legal hold on a person, a call or a queue
         * @description This needs the role auditor or owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewHold"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Lifts a legal hold
         * @description This needs the role auditor or owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holidays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holidays/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holidays/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holidays/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hours/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hours/{id}/closure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether hours are closed by the emergency switch
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Closure"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Turns the emergency switch of hours
         * @description This needs the role supervisor or owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Closure"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Closure"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hours/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hours/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes up an invitation: sets a password, and signs in
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TakeUp"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * WebSocket: a snapshot, then numbered changes
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Number of the last change seen */
                    after?: string;
                    /** @description The token, where no header can be sent */
                    token?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/look-ups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/look-ups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/look-ups/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/look-ups/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Voicemail, what nobody has heard first
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this queue's or user's box */
                    mailbox?: string;
                    /** @description Where the page before ended */
                    cursor?: string;
                    /** @description At most this many, 1 to 500 */
                    limit?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MessageList"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Marks a message as heard, or as new again
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Heard"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes a message and its audio
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What Microsoft is asked for and why, and how to consent
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ConnectView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Disconnects the directory and erases what is kept of it
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/connect/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where Entra ID sends the browser back to from consent
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/connect/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends the browser to consent to an app registration
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/directory/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where Entra ID sends the browser of an administrator back to who connects a directory or signs in
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/licences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Licences of the directory, and how many are left
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LicencesView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Assigns and takes away licences of users, or says what would be done
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Changes"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChangeView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/licences/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where Entra ID sends the browser back to from that
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/microsoft/licences/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends the browser to sign in for licences
         * @description This needs the role owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/numbers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/numbers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/numbers/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/numbers/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pbxs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pbxs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pbxs/{id}/line-passes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes passes by which people show which line at a telephone system is theirs
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPasses"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PassView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pbxs/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pbxs/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finds people by number, name or address; noted in the audit log
         * @description This needs the role auditor or owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Find"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonKept"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is kept of a person
         * @description This needs the role auditor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonExport"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Erases a person, unless a hold keeps something of them
         * @description This needs the role auditor or owner.
         */
        delete: {
            parameters: {
                query?: {
                    /** @description Why, for the audit log: requested, objected, consent-withdrawn, no-longer-needed, unlawful or required-by-law */
                    reason?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Erasure"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Corrects a person's name, hides the person's data, notes an objection
         * @description This needs the role auditor or owner.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PersonChange"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonKept"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/people/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is kept of a person as a zip archive: a page, JSON and audio
         * @description This needs the role auditor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Of the page: en, de, fr, es or zh; English if it is not said */
                    language?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What Microsoft is asked for because of the features that are on, and why
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PermissionView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queues/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queues/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queues/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recordings/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A recording as WAV, customer left and agent right; ranges are served
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recordings/{id}/peaks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The shape of a recording, to be drawn
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description In how many pieces, 1 to 4,000; 1,000 without it */
                    pieces?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Peaks"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recordings/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a recording leaves out, and that no key is in it
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Proof"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Agents: offers, conversations, times by state
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginning, RFC 3339 or a date; cut to the quarter of an hour */
                    from?: string;
                    /** @description End, not included; now without it */
                    to?: string;
                    /** @description interval (15 minutes), day or total; total without it */
                    by?: string;
                    /** @description Offset from UTC where days begin, as +01:00; UTC without it */
                    zone?: string;
                    /** @description SL1 (without it), SL2, SL3 or SL4 */
                    service_level?: string;
                    /** @description entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only */
                    interval?: string;
                    /** @description Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only */
                    fcr_days?: string;
                    /** @description json or csv; Accept: text/csv does the same */
                    format?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report2"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Callbacks by queue and promise
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginning, RFC 3339 or a date; cut to the quarter of an hour */
                    from?: string;
                    /** @description End, not included; now without it */
                    to?: string;
                    /** @description interval (15 minutes), day or total; total without it */
                    by?: string;
                    /** @description Offset from UTC where days begin, as +01:00; UTC without it */
                    zone?: string;
                    /** @description SL1 (without it), SL2, SL3 or SL4 */
                    service_level?: string;
                    /** @description entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only */
                    interval?: string;
                    /** @description Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only */
                    fcr_days?: string;
                    /** @description json or csv; Accept: text/csv does the same */
                    format?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report5"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/dispositions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Conversations by what the agent said of them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginning, RFC 3339 or a date; cut to the quarter of an hour */
                    from?: string;
                    /** @description End, not included; now without it */
                    to?: string;
                    /** @description interval (15 minutes), day or total; total without it */
                    by?: string;
                    /** @description Offset from UTC where days begin, as +01:00; UTC without it */
                    zone?: string;
                    /** @description SL1 (without it), SL2, SL3 or SL4 */
                    service_level?: string;
                    /** @description entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only */
                    interval?: string;
                    /** @description Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only */
                    fcr_days?: string;
                    /** @description json or csv; Accept: text/csv does the same */
                    format?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report4"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/numbers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers: callers in queues, conversations
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginning, RFC 3339 or a date; cut to the quarter of an hour */
                    from?: string;
                    /** @description End, not included; now without it */
                    to?: string;
                    /** @description interval (15 minutes), day or total; total without it */
                    by?: string;
                    /** @description Offset from UTC where days begin, as +01:00; UTC without it */
                    zone?: string;
                    /** @description SL1 (without it), SL2, SL3 or SL4 */
                    service_level?: string;
                    /** @description entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only */
                    interval?: string;
                    /** @description Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only */
                    fcr_days?: string;
                    /** @description json or csv; Accept: text/csv does the same */
                    format?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report3"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Queues by interval of entry; without from and to what /reports/queues/live gives
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Beginning, RFC 3339 or a date; cut to the quarter of an hour */
                    from?: string;
                    /** @description End, not included; now without it */
                    to?: string;
                    /** @description interval (15 minutes), day or total; total without it */
                    by?: string;
                    /** @description Offset from UTC where days begin, as +01:00; UTC without it */
                    zone?: string;
                    /** @description SL1 (without it), SL2, SL3 or SL4 */
                    service_level?: string;
                    /** @description entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only */
                    interval?: string;
                    /** @description Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only */
                    fcr_days?: string;
                    /** @description json or csv; Accept: text/csv does the same */
                    format?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/queues/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Queues now: who waits, what became of the callers, service level
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention-rules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention-rules/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention-rules/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disposes of what is due now
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: {
                    /** @description true: says what would go, and changes nothing */
                    dry?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is due to be disposed of, and the newest runs
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RetentionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-entries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-entries/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secure-entries/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/security/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bans, guessing, floods, refused calls to the outside and refused credentials since the start
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SecurityEvents"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/security/test-alert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Raises a security alarm of kind test, and says which webhooks took it
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TestAlert"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is signed in
         * @description This needs a person who is signed in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Signs in: sets the cookie of a session
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Signs out
         * @description This needs a person who is signed in.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/microsoft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends the browser to Microsoft to sign in with a work account
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Id of the tenant; may be left out where only one is connected to Microsoft */
                    tenant?: string;
                    /** @description The page to go to afterwards */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/microsoft/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where Microsoft sends the browser back to: signs in, and goes to the page that was asked for
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in with what a passkey signed: sets the cookie of a session
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasskeySignIn"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/passkey/challenge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins to sign in with a passkey (WebAuthn)
         * @description This needs no sign-in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PasskeyChallenge"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One's passkeys
         * @description This needs a person who is signed in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PasskeyView"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Adds a passkey that was made
         * @description This needs a person who is signed in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPasskey"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PasskeyView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/passkeys/challenge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins to add a passkey, with one's password
         * @description This needs a person who is signed in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Proof2"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewPasskeyChallenge"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/passkeys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Calls a passkey otherwise
         * @description This needs a person who is signed in.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasskeyName"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Removes a passkey
         * @description This needs a person who is signed in.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes one's password, and ends all other sessions
         * @description This needs a person who is signed in.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPassword"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Puts the second factor in force, with a code that the app made
         * @description This needs a person who is signed in.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Code"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes the secret of a second factor (TOTP, RFC 6238)
         * @description This needs a person who is signed in.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Proof2"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SecondFactor"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/ways": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How people can sign in here
         * @description This needs no sign-in.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ways"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/skills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/skills/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs any role.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/skills/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/skills/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/softphone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How an agent's browser stands
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Id of the agent */
                    agent?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SoftphoneView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * A page becomes an agent's phone; a call that it had goes on
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSoftphone"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Registered"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * A page is no longer the agent's phone; its call ends
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        delete: {
            parameters: {
                query?: {
                    /** @description Id of the agent */
                    agent?: string;
                    /** @description Id of the page's registration */
                    id?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * A page's network changed: its connection begins anew
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewOffer"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Registered"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/softphone/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The agent answers in the browser
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Whose"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/softphone/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The agent declines what rings in the browser
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Whose"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/softphone/hang-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The agent hangs up in the browser
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Whose"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/softphone/hold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * The agent holds in the browser, or takes the other end back
         * @description This needs the role supervisor or owner, or agent for what is the agent's own.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trunks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trunks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trunks/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a trunk is registered, its far ends are up, and how many calls it bears
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrunkStatus"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trunks/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trunks/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner, or agent for what is the agent's own.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invites somebody to choose a password; also for one that was forgotten
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InvitationView"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes somebody's passkeys away, when they were lost
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes somebody's second factor away, when it was lost
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/telephones": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Telephones of a user that are registered now
         * @description This needs the role supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Telephone"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All objects of this kind
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown[];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/dead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What no receiver took after the last try, newest first
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Where the page before ended */
                    cursor?: string;
                    /** @description At most this many, 1 to 500 */
                    limit?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadList"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/dead/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tries a dead letter again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tells what happened once more, with the ids that it had
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: {
                    /** @description Journal position of the first event */
                    from?: string;
                    /** @description Journal position of the last event */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Replayed"];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One object
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /**
         * Makes or replaces an object
         * @description This needs the role owner.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Deletes an object that nothing refers to
         * @description This needs the role owner.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its versions, newest first, and who made them
         * @description This needs the role auditor, supervisor or owner.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"][];
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an earlier version the newest again
         * @description This needs the role owner.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description What is wrong and what to do */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What happens to an object.
         * @enum {string}
         */
        Action: "create" | "change" | "delete";
        /** @description An agent's figures. Times in states count as they pass. */
        AgentRow: {
            /** @description Id of the user. */
            agent: string;
            /**
             * Format: uint64
             * @description Average handling time.
             */
            aht_ms?: number | null;
            /**
             * Format: double
             * @description Share accepted.
             */
            answer_rate?: number | null;
            /**
             * Format: uint64
             * @description Time available.
             */
            available_ms: number;
            /**
             * Format: uint64
             * @description Time on breaks.
             */
            break_ms: number;
            /** @description Time on breaks by reason. */
            breaks: {
                [key: string]: number;
            };
            /**
             * Format: uint64
             * @description With more than two.
             */
            conferences: number;
            /**
             * Format: uint64
             * @description With consultation.
             */
            consults: number;
            /**
             * Format: double
             * @description Conversations in an hour signed in.
             */
            contacts_per_hour?: number | null;
            /**
             * Format: uint64
             * @description Conversations.
             */
            handled: number;
            /**
             * Format: uint64
             * @description Time of hold and consultation.
             */
            hold_ms: number;
            /**
             * Format: double
             * @description Busy of available and busy, ringing in.
             */
            occupancy?: number | null;
            /**
             * Format: uint64
             * @description Time with a ringing phone.
             */
            offered_ms: number;
            /**
             * Format: uint64
             * @description Offers.
             */
            offers: number;
            /**
             * Format: uint64
             * @description Accepted.
             */
            offers_answered: number;
            /**
             * Format: uint64
             * @description Missed (RONA).
             */
            offers_missed: number;
            /**
             * Format: uint64
             * @description Begun by the agent.
             */
            outbound: number;
            /**
             * Format: uint64
             * @description Time rung.
             */
            ringing_ms: number;
            /**
             * Format: double
             * @description Share of the time signed in or suspended in which no calls could come: breaks and suspensions.
             */
            shrinkage?: number | null;
            /** @description Where the interval, day or time begins. */
            start: string;
            /**
             * Format: uint64
             * @description Time suspended.
             */
            suspended_ms: number;
            /**
             * Format: uint64
             * @description Time of conversation.
             */
            talk_ms: number;
            /**
             * Format: uint64
             * @description Time in conversations.
             */
            talking_ms: number;
            /**
             * Format: uint64
             * @description Transferred.
             */
            transfers: number;
            /**
             * Format: double
             * @description Busy of signed in.
             */
            utilisation?: number | null;
            /**
             * Format: uint64
             * @description Time of wrap-up.
             */
            wrap_ms: number;
            /**
             * Format: uint64
             * @description Time in wrap-up.
             */
            wrap_up_ms: number;
        };
        /** @description An agent. */
        AgentView: {
            /** @description Id of the call it is busy with. */
            call?: string | null;
            /** @description How the call ended, as the agent said. */
            disposition?: string | null;
            /** @description Id of the user. */
            id: string;
            /**
             * Format: uint8
             * @description Offers missed in a row.
             */
            misses: number;
            /** @description The state asked for after the call. */
            next?: string | null;
            /** @description The call's end has to be named before wrap-up can be left early. */
            owes_disposition: boolean;
            /** @description What Microsoft Teams says of the person; null while nothing is known. */
            presence?: components["schemas"]["PresenceView"] | null;
            /**
             * @description Id of the queue that the agent works for with that call, also when the call has gone on to another queue: its
             *     dispositions say how the work ended, and its wrap-up time counts. Null for a call of no queue.
             */
            queue?: string | null;
            /** @description Ids of its queues. */
            queues: string[];
            /** @description Why, on a break. */
            reason?: string | null;
            /** @description The page to open for the call, as its queue says; only where one agent is asked for. */
            screen_pop?: string | null;
            /** @description Since when. */
            since: string;
            /** @description `offline`, `available`, `offered`, `talking`, `wrap-up`, `break` or `suspended`. */
            state: string;
        };
        /** @description A page of the audit log. */
        AuditList: {
            /** @description Entries. */
            items: components["schemas"]["Entry"][];
            /** @description Pass this as `cursor` for the next page; null at the end. */
            next?: string | null;
        };
        /** @description A backup or a rehearsal that failed. The server's log says why. */
        BackupFailed: {
            /** @description When. */
            at: string;
            /** @description `backup` or `rehearsal`. */
            of: string;
        };
        /** @description A backup. */
        BackupView: {
            /** @description When that was made. */
            at?: string | null;
            /**
             * Format: uint64
             * @description Size of what it holds, in bytes.
             */
            bytes: number;
            /**
             * Format: uint64
             * @description Number of the newest increment; null where none was made to its end yet.
             */
            increment?: number | null;
            /**
             * Format: uint64
             * @description Its number, as in the attestation and the metrics.
             */
            number: number;
            /** @description When it was last restored for trial and everything was as it should be. */
            rehearsed?: string | null;
            /**
             * Format: uint64
             * @description How long that took until everything could be used, in milliseconds.
             */
            rehearsed_ms?: number | null;
            /**
             * Format: uint64
             * @description How long that took, in milliseconds.
             */
            took_ms: number;
        };
        /** @description Backups of this server. */
        BackupsView: {
            /** @description What failed last and was not done well since. */
            failed?: components["schemas"]["BackupFailed"] | null;
            /** @description Those that this server knows of, in the order in which they were first made. */
            items: components["schemas"]["BackupView"][];
            /** @description When the next one is due; null where none is scheduled. One that is overdue is made within seconds. */
            next?: string | null;
            /** @description Whether the server makes backups by itself. */
            scheduled: boolean;
        };
        /** @description A call that was asked for. */
        Begun: {
            /** @description Id of the call; null where it is not ours. */
            call?: string | null;
            /** @description What it was named; null where it has no name. */
            correlation?: string | null;
            /** @description The link to open for the softphone on the person's own computer. */
            open?: string | null;
            /** @description `asked`, `ringing-you`, `calling-them`, `ringing-them`, `talking`, `handed-over` or `over`. */
            progress: string;
            /** @description Why it is over: `hung-up`, `busy`, `no-answer`, `not-allowed`, `not-signed-in` or `failed`. */
            reason?: string | null;
            /** @description Id of the `Pbx` that calls; null is our own trunks. */
            through?: string | null;
        };
        /** @description What a tenant's app is called, and what it looks like. */
        Brand: {
            /** @description Its colour, as `#0b5cad`. */
            accent: string;
            /** @description The company behind it. */
            company: string;
            /** @description Its name. */
            name: string;
            /** @description Its name in other languages, by tag. */
            names: {
                [key: string]: string;
            };
            /** @description A page about privacy. */
            privacy: string;
            /** @description A page with terms of use. */
            terms: string;
        };
        /** @description A call with everything that is known of it. */
        CallDetail: {
            /** @description Id of the agent who talks or talked last. */
            agent?: string | null;
            /** @description When it was answered, by a prompt or a person. */
            answered?: string | null;
            /** @description When it began. */
            began: string;
            /** @description Number or address of the caller; null if withheld or erased. */
            caller?: string | null;
            /** @description Name that came with the call. */
            caller_name?: string | null;
            /** @description What agents said of it, once they are done with it. */
            dispositions: components["schemas"]["SaidView"][];
            /** @description When it ended. */
            ended?: string | null;
            /** @description Who ended it. */
            ended_by?: string | null;
            /** @description Whom it was offered to, and why. */
            explanation: components["schemas"]["DecisionView"][];
            /** @description Whose fault that was. */
            fault?: string | null;
            /** @description Id of the call. */
            id: string;
            /** @description Its legs. */
            legs: components["schemas"]["LegView"][];
            /** @description Id of the number that was called. */
            number?: string | null;
            /** @description What became of it in the queue. */
            outcome?: string | null;
            /** @description Id of the queue it is in or was in last. */
            queue?: string | null;
            /** @description Why it ended. */
            reason?: string | null;
            /** @description Ids of its recordings. */
            recordings: string[];
            /** @description `in-flow`, `waiting`, `connecting`, `talking`, `closing` or `ended`. */
            state: string;
            /**
             * Format: uint64
             * @description Time talked, in milliseconds.
             */
            talked_ms?: number | null;
            /** @description What happened, in order. */
            timeline: components["schemas"]["MomentView"][];
            /**
             * Format: uint64
             * @description Time waited in queues, in milliseconds.
             */
            waited_ms?: number | null;
        };
        /** @description A call of a person. */
        CallKept: {
            /** @description Id of the agent who talked last. */
            agent?: string | null;
            /** @description When it was answered, by a prompt or a person. */
            answered?: string | null;
            /** @description When it began. */
            began: string;
            /** @description Its id. */
            call: string;
            /** @description What agents said of it. */
            dispositions: components["schemas"]["SaidView"][];
            /** @description When it ended. */
            ended: string;
            /** @description Who ended it. */
            ended_by?: string | null;
            /** @description Notes on it; null where the call is another's. */
            notes?: string | null;
            /** @description Id of the number that was called. */
            number?: string | null;
            /** @description What became of it in the queue. */
            outcome?: string | null;
            /**
             * @description Whether the person called, or was the one called: else the call was for them at first, or they came into it later, or
             *     they are the agent.
             */
            own: boolean;
            /** @description Id of the queue that it was in last. */
            queue?: string | null;
            /** @description Why it ended. */
            reason?: string | null;
            /** @description Ids of recordings, to be had at `/recordings/{id}`. */
            recordings: string[];
            /**
             * Format: uint64
             * @description Time talked, in milliseconds.
             */
            talked_ms: number;
            /**
             * Format: uint64
             * @description Time waited in queues, in milliseconds.
             */
            waited_ms: number;
        };
        /** @description A page of calls. */
        CallList: {
            /** @description The calls. */
            items: components["schemas"]["CallView"][];
            /** @description Pass this as `cursor` for the next page; null at the end. */
            next?: string | null;
        };
        /** @description A call, open or over. */
        CallView: {
            /** @description Id of the agent who talks or talked last. */
            agent?: string | null;
            /** @description When it was answered, by a prompt or a person. */
            answered?: string | null;
            /** @description When it began. */
            began: string;
            /** @description When it ended. */
            ended?: string | null;
            /** @description Who ended it. */
            ended_by?: string | null;
            /** @description Whose fault that was. */
            fault?: string | null;
            /** @description Id of the call. */
            id: string;
            /** @description Id of the number that was called. */
            number?: string | null;
            /** @description What became of it in the queue. */
            outcome?: string | null;
            /** @description Id of the queue it is in or was in last. */
            queue?: string | null;
            /** @description Why it ended. */
            reason?: string | null;
            /** @description Ids of its recordings. */
            recordings: string[];
            /** @description `in-flow`, `waiting`, `connecting`, `talking`, `closing` or `ended`. */
            state: string;
            /**
             * Format: uint64
             * @description Time talked, in milliseconds.
             */
            talked_ms?: number | null;
            /**
             * Format: uint64
             * @description Time waited in queues, in milliseconds.
             */
            waited_ms?: number | null;
        };
        /** @description Callbacks of a queue, by the interval of the promise. */
        CallbackRow: {
            /**
             * Format: double
             * @description Share kept in time.
             */
            callback_in_time?: number | null;
            /**
             * Format: double
             * @description Share kept.
             */
            callback_success?: number | null;
            /**
             * Format: uint64
             * @description Taken back.
             */
            callbacks_cancelled: number;
            /**
             * Format: uint64
             * @description Given up after the last try.
             */
            callbacks_failed: number;
            /**
             * Format: uint64
             * @description Kept within the promised time.
             */
            callbacks_in_time: number;
            /**
             * Format: uint64
             * @description Kept.
             */
            callbacks_kept: number;
            /**
             * Format: uint64
             * @description Neither kept nor ended otherwise yet.
             */
            callbacks_open: number;
            /**
             * Format: uint64
             * @description Promised.
             */
            callbacks_promised: number;
            /**
             * Format: uint64
             * @description Tries.
             */
            callbacks_tried: number;
            /** @description Id of the queue. */
            queue: string;
            /** @description Where the interval, day or time begins. */
            start: string;
            /**
             * Format: double
             * @description Tries for each promise.
             */
            tries_per_promise?: number | null;
        };
        /** @description A promise to call back. */
        CallbackView: {
            /** @description Until when. */
            by: string;
            /** @description Its id. */
            id: string;
            /** @description When it was promised. */
            promised: string;
            /** @description Id of the queue. */
            queue: string;
            /** @description `waiting`, `paused` or `trying`. */
            state: string;
            /**
             * Format: uint8
             * @description How often it was tried.
             */
            tries: number;
        };
        /** @description Somebody who could have been rung. */
        CandidateView: {
            /** @description Id of the agent. */
            agent: string;
            /**
             * Format: uint64
             * @description How long free, in milliseconds.
             */
            idle_ms: number;
            /** @description Id of the queue that the agent is a member of. */
            queue: string;
            /** @description Whether this one was rung. */
            rung: boolean;
            /**
             * Format: uint64
             * @description Sum of levels, calls or turn, as the strategy says.
             */
            score: number;
            /** @description What the agent was doing. */
            state: string;
            /** @description Why not: a state, a skill that is missing, or others who came first. */
            why_not?: string | null;
        };
        /** @description A stored field. */
        CatalogueField: {
            /** @description Whether it is encrypted where it lies. */
            encrypted: boolean;
            /** @description Table and column, or kind of file. */
            field: string;
            /** @description Where it comes from. */
            origin: string;
            /** @description Whether it can say something about a person. */
            personal: boolean;
            /** @description What it is for. */
            purpose: string;
            /** @description How long it is kept. */
            retention: string;
        };
        /** @description A stretch of the audit log as it is chained. */
        Chain: {
            /** @description Entries, oldest first. */
            entries: components["schemas"]["EntryLine"][];
            /** @description The signed heads; only with the last stretch. */
            heads: components["schemas"]["HeadLine"][];
            /** @description The public key that heads are signed with (Ed25519), in hex. */
            key: string;
            /**
             * Format: uint64
             * @description Pass this as `after` for what follows; null at the end.
             */
            next?: number | null;
            /** @description Whose log. */
            tenant: string;
        };
        /** @description What becomes of one user's licences. */
        ChangeView: {
            /** @description Products that are assigned by it; what was so before is left out. */
            add: string[];
            /** @description Why not, as sentences. */
            against: string[];
            /** @description Whether it was done. */
            done: boolean;
            /** @description Products that are taken away. */
            remove: string[];
            /** @description Id of the user. */
            user: string;
        };
        /** @description A change of licences. */
        Changes: {
            /**
             * @description Products to assign.
             * @default []
             */
            add: string[];
            /**
             * @description Only say what would be done, and what stands against it.
             * @default false
             */
            dry_run: boolean;
            /**
             * @description Products to take away.
             * @default []
             */
            remove: string[];
            /** @description Ids of the users, who have a work account. */
            users: string[];
        };
        /** @description How far the end of an account is. */
        ClosingView: {
            /** @description When the account ended. */
            asked: string;
            /** @description What was destroyed, signed; null until it is. */
            certificate?: unknown;
            /** @description From when on its data is destroyed. */
            disposal: string;
            /**
             * @description `waiting`: it can be taken back; `disposing`: its data is being destroyed, or a backup that holds its keys cannot be
             *     reached; `done`.
             */
            state: string;
            /** @description The tenant's id. */
            tenant: string;
        };
        /** @description The emergency switch of opening hours. */
        Closure: {
            /** @description Whether they are closed, whatever the clock says. */
            closed: boolean;
        };
        /** @description A code that proves that the app has the secret. */
        Code: {
            /** @description Six digits. */
            totp: string;
        };
        /** @description How a tenant is connected, and how it can be. */
        ConnectView: {
            /** @description The directory's id; null while there is none. */
            directory?: string | null;
            /** @description The features that are on and ask something of Microsoft. */
            features: string[];
            /** @description The tenant's profile. */
            profile: string;
            /** @description App registrations that they need. */
            registrations: components["schemas"]["RegistrationView"][];
        };
        /** @description What is said of somebody in place of what Microsoft says; what is left out stays as it comes from there. */
        CorrectionView: {
            /** @description Numbers at work. */
            business?: string[] | null;
            /** @description Address of electronic mail; empty for none. */
            mail?: string | null;
            /** @description The mobile number; empty for none. */
            mobile?: string | null;
            /** @description Name shown to colleagues. */
            name?: string | null;
        };
        /** @description Something that a receiver did not take. */
        DeadLetter: {
            /** @description When it happened. */
            at: string;
            /** @description Why the last try failed. */
            cause: string;
            /** @description The event's name. */
            event: string;
            /** @description Its id, as in the header `Switchroom-Id`. */
            id: string;
            /** @description Who did not take it: a short hash of the address, or a box. */
            receiver: string;
            /**
             * Format: uint32
             * @description How often it was tried.
             */
            tries: number;
        };
        /** @description A page of dead letters. */
        DeadList: {
            /** @description Newest first. */
            items: components["schemas"]["DeadLetter"][];
            /** @description Pass this as `cursor` for the next page; null at the end. */
            next?: string | null;
        };
        /** @description Why an agent was rung. */
        DecisionView: {
            /** @description Whom. */
            agent: string;
            /** @description When. */
            at: string;
            /**
             * Format: uint32
             * @description Callers left waiting behind.
             */
            behind: number;
            /**
             * @description Members who could not be rung, by their state here or, if they were available here, by what Microsoft Teams said:
             *     `in-teams-call`, `do-not-disturb`.
             */
            excluded: {
                [key: string]: number;
            };
            /**
             * Format: uint32
             * @description How many were free and had the skills.
             */
            free: number;
            /**
             * Format: uint64
             * @description How long the agent had been free, in milliseconds.
             */
            idle_ms: number;
            /**
             * Format: uint32
             * @description How many were free without the skills.
             */
            lacking: number;
            /** @description Id of the leg that rang. */
            leg: string;
            /** @description Skills that were needed, with their levels. */
            needed: {
                [key: string]: number;
            };
            /** @description What became of it. */
            outcome: string;
            /**
             * Format: uint64
             * @description Place in the journal of the event that led to it: replaying to there gives the whole list.
             */
            position: number;
            /**
             * Format: uint8
             * @description The caller's priority.
             */
            priority: number;
            /** @description In which queue. */
            queue: string;
            /**
             * Format: uint8
             * @description How many steps of the queue's relaxation were done.
             */
            relaxed: number;
            /** @description The next in line. */
            runners_up: components["schemas"]["RunnerUp"][];
            /** @description The same in a sentence. */
            say: string;
            /**
             * Format: uint64
             * @description Sum of levels, calls or turn, as the strategy says.
             */
            score: number;
            /** @description How those who were free were put in order: `longest-idle`, `most-fitting`, `fewest-calls` or `round-robin`. */
            strategy: string;
            /**
             * Format: uint64
             * @description How long the caller had waited, in milliseconds.
             */
            waited_ms: number;
            /** @description `in-order`, `last-agent`, or `also-queue`: the agents of a further queue were asked too. */
            why: string;
        };
        /** @description How the directory stands. */
        DirectoryView: {
            /** @description When it was last in step. */
            at?: string | null;
            /** @description Whether one is kept in step here. */
            kept: boolean;
            /**
             * Format: uint
             * @description How many people are in it.
             */
            people: number;
            /** @description How reading the users' presence stands; null where it is not read. */
            presence?: components["schemas"]["PresenceReading"] | null;
            /** @description Everybody is being read. */
            reading: boolean;
            /** @description Microsoft tells of changes by itself; otherwise they are found when it is asked. */
            told: boolean;
            /** @description Why it is not in step, and what to do. */
            trouble?: string | null;
        };
        /** @description Conversations by what the agent said of them, by the interval in which they began. */
        DispositionRow: {
            /**
             * Format: uint64
             * @description Average handling time.
             */
            aht_ms?: number | null;
            /** @description Id of the disposition. */
            disposition: string;
            /**
             * Format: uint64
             * @description Conversations.
             */
            handled: number;
            /**
             * Format: uint64
             * @description Time of hold and consultation.
             */
            hold_ms: number;
            /** @description Id of the queue; null outside queues. */
            queue?: string | null;
            /** @description Where the interval, day or time begins. */
            start: string;
            /**
             * Format: uint64
             * @description Time of conversation.
             */
            talk_ms: number;
            /**
             * Format: uint64
             * @description Transferred.
             */
            transfers: number;
            /**
             * Format: uint64
             * @description Time of wrap-up.
             */
            wrap_ms: number;
        };
        /** @description A way in which a call can end. */
        DispositionView: {
            /** @description Its id. */
            id: string;
            /** @description Name shown to people; may be empty. */
            name: string;
            /** @description Ids of the queues for whose calls it is; null is all. */
            queues?: string[] | null;
        };
        /** @description How much earlier the data of an account that ended is to be destroyed. */
        Earlier: {
            /**
             * Format: uint64
             * @description In how many days from now on; 0 is at once. It stays as it is where that is sooner.
             */
            days: number;
            /** @description The tenant's id, so that nobody destroys anything by mistake. */
            tenant: string;
        };
        /** @description An account that just ended. */
        Ended: {
            /** @description When the account ended. */
            asked: string;
            /** @description What was destroyed, signed; null until it is. */
            certificate?: unknown;
            /** @description From when on its data is destroyed. */
            disposal: string;
            /**
             * @description What `GET` and `DELETE /closing` take as a token, shown this once: no other counts any more but those of owners,
             *     and only there, until the data is destroyed.
             */
            receipt: string;
            /**
             * @description `waiting`: it can be taken back; `disposing`: its data is being destroyed, or a backup that holds its keys cannot be
             *     reached; `done`.
             */
            state: string;
            /** @description The tenant's id. */
            tenant: string;
        };
        /** @description How an agent is rung. */
        EndpointChoice: {
            /** @description Where. */
            kind: components["schemas"]["EndpointKind"];
            /** @description The number, for `number`; as the world writes it, or as people dial it here. */
            number?: string | null;
        };
        /** @description Where an agent can be rung. */
        EndpointKind: "any" | "browser" | "phone" | "number";
        /** @description An entry of the audit log. */
        Entry: {
            /** @description What. */
            action: string;
            /** @description When. */
            at: string;
            /** @description What it says of a person; null where it says nothing, or the person was erased. */
            detail?: string | null;
            /** @description SHA-256 of this entry and the digest before it, in hex. */
            digest: string;
            /** @description Its id. */
            id: string;
            /** @description To what. */
            object: string;
            /** @description Who. */
            who: string;
        };
        /** @description Somebody of a directory. */
        EntryKept: {
            /** @description Numbers at work. */
            business: string[];
            /** @description What of it an owner says and not Microsoft: `name`, `mail`, `business`, `mobile`. */
            corrected: string[];
            /** @description Id: as a person's. */
            id: string;
            /** @description Address of electronic mail; empty for none. */
            mail: string;
            /** @description The mobile number. */
            mobile?: string | null;
            /** @description Name. */
            name: string;
        };
        /** @description An entry. */
        EntryLine: {
            /** @description What. */
            action: string;
            /** @description When. */
            at: string;
            /**
             * Format: uint64
             * @description The same in milliseconds since 1970, as the digest has it.
             */
            at_ms: number;
            /** @description SHA-256 of this entry and the digest before it, in hex. */
            digest: string;
            /**
             * Format: uint64
             * @description Its number.
             */
            entry: number;
            /** @description To what. */
            object: string;
            /**
             * Format: uint64
             * @description Number of the person whose key seals what is sealed; 0 where nothing is.
             */
            person: number;
            /** @description What is said of that person, sealed, in hex; of an entry that says that the log was cut, its signature. */
            sealed: string;
            /** @description Who. */
            who: string;
        };
        /** @description Somebody whom an owner enters beside Microsoft's people. */
        EntryView: {
            /**
             * @description Numbers at work.
             * @default []
             */
            business: string[];
            /**
             * @description Address of electronic mail; empty for none.
             * @default
             */
            mail: string;
            /**
             * @description The mobile number; empty for none.
             * @default
             */
            mobile: string;
            /** @description Name shown to colleagues. */
            name: string;
        };
        /** @description What an erasure did. */
        Erasure: {
            /**
             * Format: uint64
             * @description Backups that still hold the person's key, because they could not be reached: they are tried again each hour. The
             *     erasure is complete when there is none.
             */
            backups_pending: number;
            /**
             * Format: uint64
             * @description Calls that no longer say who called.
             */
            calls: number;
            /**
             * Format: uint64
             * @description Entries beside Microsoft's directory that had the same number and are gone.
             */
            entered: number;
            /**
             * @description Whether what is kept of somebody of Microsoft's directory is hidden from here on, because it would come back if it were
             *     taken away. What an owner said of them is gone.
             */
            hidden: boolean;
            /** @description What these holds kept; null where the person was erased. */
            kept?: components["schemas"]["Kept"] | null;
            /** @description Holds that keep the person; then nothing was erased. */
            kept_by: string[];
            /**
             * Format: uint64
             * @description Notes that are gone.
             */
            notes: number;
            /**
             * Format: uint64
             * @description Recordings and messages that are gone.
             */
            recordings: number;
            /** @description What still says something of the person, because it is removed elsewhere: nobody but an administrator can do that. */
            remains: components["schemas"]["Remains"][];
            /**
             * Format: uint64
             * @description How long it took, in milliseconds.
             */
            took_ms: number;
            /** @description Id of the user of this account who has the same number or address: what is kept of them as a user is still there. */
            user?: string | null;
        };
        /** @description A call told in sentences, and the whole lists behind its decisions. */
        Explanation: {
            /** @description For each decision, everybody who could have been rung and why not. */
            decisions: components["schemas"]["WholeDecision"][];
            /** @description The call from beginning to end, a sentence each. */
            story: string[];
        };
        /** @description How a far end of a trunk stands. */
        FarEndStatus: {
            /**
             * Format: uint64
             * @description For how many seconds it has been so.
             */
            for_seconds: number;
            /** @description When it came up and went down, the newest first. */
            history: components["schemas"]["HealthChange"][];
            /** @description Host and port as configured. */
            host: string;
            /** @description It answers OPTIONS, and refuses us (401, 403, 407, 603): calls will hardly be taken. */
            refuses: boolean;
            /**
             * Format: uint16
             * @description The last answer to OPTIONS or a call: a SIP status code, 408 where none came; missing before the first.
             */
            said?: number | null;
            /** @description Why nothing that we say gets there; missing where that is not known, and once something did. */
            unreached?: components["schemas"]["Unreached"] | null;
            /** @description Whether calls can go there as far as is known. */
            up: boolean;
            /** @description Where `unreached` is `tls`: why, as the TLS library says it. */
            why?: string | null;
        };
        /** @description Whom to look for: by exactly one of the three. */
        Find: {
            /**
             * @description An address as SIP or e-mail has it, `anna@example.org`: of whoever calls from it, of users and of people of a
             *     directory, and whoever calls from their numbers.
             * @default null
             */
            address: string | null;
            /**
             * @description Words of a name in any order, whole ones; capitals and marks do not count.
             * @default null
             */
            name: string | null;
            /**
             * @description A telephone number, as people write it.
             * @default null
             */
            number: string | null;
        };
        /** @description A signed head. */
        HeadLine: {
            /** @description When it was signed. */
            at: string;
            /**
             * Format: uint64
             * @description The same in milliseconds since 1970, as it is signed.
             */
            at_ms: number;
            /** @description The digest of that entry, in hex. */
            digest: string;
            /**
             * Format: uint64
             * @description The newest entry when it was signed.
             */
            head: number;
            /** @description The public key that it was signed with (Ed25519), in hex. */
            key: string;
            /** @description The signature, in hex. */
            signature: string;
            /** @description Whose log: the tenant's name. */
            tenant: string;
        };
        /** @description A far end came up or went down. */
        HealthChange: {
            /**
             * Format: uint16
             * @description What it had said: a SIP status code, 408 where no answer came, 503 where it could not be reached.
             */
            said?: number | null;
            /**
             * Format: uint64
             * @description How many seconds ago.
             */
            seconds_ago: number;
            /** @description Whether it has been up since. */
            up: boolean;
        };
        /** @description Whether a message was heard. */
        Heard: {
            /** @description True when it was; false makes it new again. */
            heard: boolean;
        };
        /** @description Holding, or not. */
        Hold: {
            /** @description Id of the agent. */
            agent: string;
            /** @description Whether the other end is on hold from now on. */
            held: boolean;
        };
        /** @description A legal hold. */
        HoldView: {
            /** @description Since when. */
            at: string;
            /** @description Its id. */
            id: string;
            /** @description What it keeps: `person p1`, `call c1` or `queue` with its id. */
            keeps: string;
            /** @description Why. */
            reason: string;
            /** @description By whom. */
            who: string;
        };
        /** @description An invitation to choose a password. */
        InvitationView: {
            /** @description The code, which is shown this once. */
            code: string;
            /** @description Until when. */
            expires: string;
            /** @description The page where it is taken up. The code stands behind `#`, so that no log on the way has it. */
            link: string;
        };
        /** @description What was not erased, because holds keep it. */
        Kept: {
            /**
             * Format: uint64
             * @description Calls that still say who called.
             */
            calls: number;
            /** @description The holds, with what each is on and why. */
            holds: components["schemas"]["HoldView"][];
            /**
             * Format: uint64
             * @description Notes on calls.
             */
            notes: number;
            /**
             * Format: uint64
             * @description Recordings and messages.
             */
            recordings: number;
        };
        /** @description As what somebody is kept. */
        KeptAs: "caller" | "user" | "directory" | "entered";
        /** @description A leg. */
        LegView: {
            /** @description Id of the agent. */
            agent?: string | null;
            /** @description When it was answered. */
            answered?: string | null;
            /** @description When it began. */
            began: string;
            /** @description When it ended. */
            ended?: string | null;
            /** @description Id of the leg. */
            id: string;
            /** @description How well it was heard; of an open leg so far, null without audio. */
            quality?: components["schemas"]["QualityView"] | null;
            /** @description `caller`, `agent`, `target` (a fixed address), `party` (somebody we called) or `supervisor`. */
            role: string;
            /** @description `arrived`, `answering`, `dialling`, `ringing`, `up`, `ending` or how it ended. */
            state: string;
        };
        /** @description A licence of the tenant. */
        LicenceView: {
            /**
             * Format: uint64
             * @description Units that are left.
             */
            left?: number | null;
            /** @description Microsoft's name for it, such as `MCOEV`. */
            name: string;
            /** @description Id of the product. */
            sku: string;
            /**
             * Format: uint64
             * @description Units that can be used.
             */
            units?: number | null;
            /**
             * Format: uint64
             * @description Units in use.
             */
            used?: number | null;
        };
        /** @description The tenant's licences. */
        LicencesView: {
            /** @description The licences. */
            licences: components["schemas"]["LicenceView"][];
            /** @description Whether this session may ask; if not, open `/api/v1/microsoft/licences/sign-in`. */
            signed_in: boolean;
        };
        /** @description A link that opens a softphone. */
        Link: {
            /** @description It leads to the page `/call`; scheme and number stand behind its `#`. */
            open: string;
        };
        /** @description What a telephone system allows somebody. */
        MayView: {
            /** @description Calling with a click. True where the system does not say. */
            click: boolean;
            /** @description Having another phone than the usual one rung first. False where the system does not say. */
            other_phone: boolean;
        };
        /** @description Whoever is signed in, as an agent. */
        Me: {
            /** @description What the agent is doing; null for those who are never rung. */
            agent?: components["schemas"]["AgentView"] | null;
            /** @description Why agents take breaks here. */
            break_reasons: string[];
            /** @description How calls can end. */
            dispositions: components["schemas"]["DispositionView"][];
            /** @description Id of the user. */
            id: string;
            /** @description Name shown to colleagues. */
            name: string;
            /** @description The agent's queues. */
            queues: components["schemas"]["Named"][];
            /** @description Ids of the ways to take secret digits. */
            secure_entries: string[];
        };
        /** @description A page of messages. */
        MessageList: {
            /** @description Those not heard first, each group newest first. */
            items: components["schemas"]["MessageView"][];
            /** @description Pass this as `cursor` for the next page; null at the end. */
            next?: string | null;
        };
        /** @description A message. */
        MessageView: {
            /** @description When it was left. */
            at: string;
            /** @description Id of the call. */
            call: string;
            /** @description When it was heard first; null while nobody has. */
            heard?: string | null;
            /** @description Its id, and that of its audio in `/recordings/{id}`. */
            id: string;
            /**
             * Format: uint64
             * @description How long, in milliseconds.
             */
            length_ms: number;
            /** @description Id of the queue or user whose box it is. */
            mailbox: string;
        };
        /** @description How to supervise. */
        Mode: "listen" | "whisper" | "barge";
        /** @description Something that happened. */
        MomentView: {
            /** @description When. */
            at: string;
            /** @description The same in a sentence. */
            say: string;
            /** @description What, as a word. */
            what: string;
        } & {
            [key: string]: string;
        };
        /** @description A longer wrap-up. */
        MoreWrapUp: {
            /** @description How much longer: `30s`. The queue's `more_wrap_up` bounds it. */
            more: components["schemas"]["Span"];
        };
        /** @description An object by id and name. */
        Named: {
            /** @description Its id. */
            id: string;
            /** @description Name shown to people; may be empty. */
            name: string;
        };
        /** @description Something to do about a call. */
        NewAction: {
            /**
             * @description Id of the agent or supervisor who does it, where it matters who: everything but `pause-recording`,
             *     `resume-recording`, `secure`, `stop-secure` and `move`. Agents leave it out: it is always themselves.
             * @default null
             */
            by: string | null;
            /**
             * @description Id of the page's registration as that person's phone, when a supervisor asks in that page: it is not rung but answers.
             * @default null
             */
            softphone: string | null;
        } & ({
            /** @constant */
            action: "transfer";
            /** @description Where. */
            to: components["schemas"]["Place"];
        } | {
            /** @constant */
            action: "consult";
            /** @description Where. */
            to: components["schemas"]["Place"];
        } | {
            /** @constant */
            action: "complete";
        } | {
            /** @constant */
            action: "join";
        } | {
            /** @constant */
            action: "abort";
        } | {
            /** @constant */
            action: "secure";
            /** @description Id of the secure entry. */
            entry: string;
        } | {
            /** @constant */
            action: "stop-secure";
        } | {
            /** @constant */
            action: "dispose";
            /** @description Id of the disposition. */
            disposition: string;
        } | {
            /** @constant */
            action: "pause-recording";
        } | {
            /** @constant */
            action: "resume-recording";
        } | {
            /** @constant */
            action: "supervise";
            /** @description How. */
            mode: components["schemas"]["Mode"];
        } | {
            /** @constant */
            action: "stop-supervising";
        } | {
            /** @constant */
            action: "take-over";
        } | {
            /** @constant */
            action: "give";
            /** @description Id of the agent. */
            agent: string;
        } | {
            /** @constant */
            action: "move";
            /** @description Id of the queue. */
            queue: string;
        });
        /** @description A call to make. */
        NewDial: {
            /**
             * @description Id of the agent who calls: this phone rings first. Without it whoever is signed in.
             * @default null
             */
            agent: string | null;
            /**
             * @description Names the call, 8 to 64 letters, digits, `-` and `_`: the same again rings nobody, and says how far it is.
             * @default null
             */
            correlation: string | null;
            /** @description The person's own line at that `Pbx`, where the password there proves it. It is kept nowhere. */
            line?: string | null;
            /** @description The person's line pass for that `Pbx`. It is kept nowhere. */
            line_pass?: string | null;
            /**
             * @description Id of the number of ours that the far end sees.
             * @default null
             */
            number: string | null;
            /** @description The person's password at that `Pbx`, where that is how people sign in there. It is kept nowhere. */
            password?: string | null;
            /**
             * @description Id of the queue that it counts for.
             * @default null
             */
            queue: string | null;
            /**
             * @description The number of another phone of the person that rings in place of the usual one, where that `Pbx` and the person's class
             *     of service there allow it (`POST /dial/may`). It counts as a call to the outside too.
             */
            ring?: string | null;
            /**
             * @description Id of the page's registration as the agent's phone, when the agent asks in that page: it is not rung but answers.
             * @default null
             */
            softphone: string | null;
            /**
             * @description Id of the `Pbx` that calls; without it our own trunks do.
             * @default null
             */
            through: string | null;
            /** @description The number to call. */
            to: string;
        };
        /** @description A hold to place: exactly one of `person`, `call` and `queue`. */
        NewHold: {
            /**
             * @description Id of a call.
             * @default null
             */
            call: string | null;
            /**
             * @description Id of a person.
             * @default null
             */
            person: string | null;
            /**
             * @description Id of a queue.
             * @default null
             */
            queue: string | null;
            /** @description Why. */
            reason: string;
        };
        /** @description A number for a softphone. */
        NewLink: {
            /**
             * @description Id of the `Pbx`, one with `address`. Without it the computer's own telephone app, where the tenant has no way to call.
             * @default null
             */
            through: string | null;
            /** @description The number to call, as people write it. */
            to: string;
        };
        /** @description Who wants to know what a telephone system allows them. */
        NewLook: {
            /** @description As for a call. */
            line?: string | null;
            /** @description As for a call. */
            line_pass?: string | null;
            /** @description As for a call. */
            password?: string | null;
            /** @description Id of the `Pbx`, a `commportal`. */
            through: string;
        };
        /** @description Notes to keep. */
        NewNotes: {
            /** @description What they say, at most 4,000 characters; empty takes them away. */
            notes: string;
        };
        /** @description A later offer of the same page, after a change of network. */
        NewOffer: {
            /** @description Id of the agent. */
            agent: string;
            /** @description Id of the registration. */
            id: string;
            /** @description The offer, with new ICE credentials. */
            offer: string;
        };
        /** @description For whom passes are to be made. */
        NewPasses: {
            /** @description The people, 1,000 at most. */
            people: components["schemas"]["OwnLine"][];
        };
        /** @description A passkey that was made. Bytes as in the challenge. */
        NewPasskey: {
            /**
             * Format: int64
             * @description `getPublicKeyAlgorithm()`.
             */
            algorithm: number;
            /** @description `getAuthenticatorData()`. */
            authenticator_data: string;
            /** @description `clientDataJSON`. */
            client_data: string;
            /** @description What its owner calls it. */
            name: string;
            /** @description `getPublicKey()`: SubjectPublicKeyInfo. */
            public_key: string;
        };
        /** @description What a browser needs to make a passkey. */
        NewPasskeyChallenge: {
            /** @description Bytes that name the account, and say nothing. */
            account: string;
            /** @description Kinds of keys that are taken, by their numbers among COSE's algorithms, the preferred first. */
            algorithms: number[];
            /** @description Random bytes to be signed, once and within five minutes. */
            challenge: string;
            /** @description Passkeys that the account has already. */
            known: string[];
            /** @description Name shown to colleagues. */
            name: string;
            /** @description The relying party id: the host of this address. */
            rp_id: string;
            /**
             * Format: uint64
             * @description How long to wait for the person, in milliseconds.
             */
            timeout: number;
            /** @description Id of the user. */
            user: string;
        };
        /** @description Another password. */
        NewPassword: {
            /** @description The one from here on: 10 characters or more. */
            new_password: string;
            /** @description The one so far. */
            password: string;
        };
        /** @description As whom to sign in. */
        NewPersona: {
            /** @description One of those that `/demo/personas` lists. */
            persona: string;
        };
        /** @description A page that becomes an agent's phone. */
        NewSoftphone: {
            /** @description Id of the agent. */
            agent: string;
            /** @description The offer of the page's RTCPeerConnection: one audio stream. */
            offer: string;
        };
        /** @description A state to ask for. */
        NewState: {
            /**
             * @description Why, on a break: one of the tenant's `break_reasons`.
             * @default null
             */
            reason: string | null;
            /** @description `available`, `break` or `offline`. */
            state: components["schemas"]["WantedState"];
        };
        /** @description Notes on a call. */
        NotesView: {
            /** @description When they were changed last. */
            at?: string | null;
            /** @description What they say; null if there are none. */
            notes?: string | null;
            /** @description By whom. */
            who?: string | null;
        };
        /** @description Figures of one of our numbers, by the interval of entry into a queue. */
        NumberRow: {
            /**
             * Format: double
             * @description Share of those who hung up.
             */
            abandon_rate?: number | null;
            /**
             * Format: uint64
             * @description Hung up while waiting.
             */
            abandoned: number;
            /**
             * Format: uint64
             * @description Hung up within the threshold.
             */
            abandoned_within: number;
            /**
             * Format: uint64
             * @description Average handling time.
             */
            aht_ms?: number | null;
            /**
             * Format: uint64
             * @description Answered by an agent.
             */
            answered: number;
            /**
             * Format: uint64
             * @description Answered within the threshold.
             */
            answered_within: number;
            /**
             * Format: uint64
             * @description Average speed of answer.
             */
            asa_ms?: number | null;
            /**
             * Format: uint64
             * @description Left for a callback.
             */
            callback: number;
            /**
             * Format: uint64
             * @description Went on to another step.
             */
            flowed_out: number;
            /**
             * Format: uint64
             * @description Conversations.
             */
            handled: number;
            /**
             * Format: uint64
             * @description Time of hold and consultation.
             */
            hold_ms: number;
            /**
             * Format: uint64
             * @description The longest wait.
             */
            max_wait_ms: number;
            /** @description Id of the number. */
            number: string;
            /**
             * Format: uint64
             * @description Stays in queues; a call that entered two is two.
             */
            offered: number;
            /**
             * Format: double
             * @description By the formula asked for.
             */
            service_level?: number | null;
            /**
             * Format: uint64
             * @description Hung up within 5 seconds.
             */
            short_abandoned: number;
            /** @description Where the interval, day or time begins. */
            start: string;
            /**
             * Format: uint64
             * @description Time of conversation.
             */
            talk_ms: number;
            /**
             * Format: uint64
             * @description Transferred.
             */
            transfers: number;
            /**
             * Format: uint64
             * @description Still wait.
             */
            waiting: number;
            /**
             * Format: uint64
             * @description Time of wrap-up.
             */
            wrap_ms: number;
        };
        /** @description Somebody's line. */
        OwnLine: {
            /** @description The person's line at the telephone system: at most 32 letters, digits and `+ * # . _ -`. */
            line: string;
            /** @description The person's object id in the Microsoft directory. */
            person: string;
        };
        /** @description Which line a pass is for, as far as its person needs it to know it again. */
        PassLine: {
            /** @description The last signs of the line, two at most and never more than half of it. */
            ending: string;
            /** @description When the pass was made (RFC 3339). */
            made: string;
        };
        /** @description Whoever wants to know which line a pass is for. */
        PassToLook: {
            /** @description The pass, which is the person's own. */
            line_pass: string;
            /** @description Id of the `Pbx`. */
            through: string;
        };
        /** @description Somebody's line pass. It is shown once: nothing of it is kept. */
        PassView: {
            /** @description A link that opens the tab in Teams with the pass; null where the tenant has no `teams_app`. */
            link?: string | null;
            /** @description The pass. It counts for this person alone. */
            pass: string;
            /** @description The person's object id. */
            person: string;
        };
        /** @description What a browser needs to ask for a passkey. Bytes are Base64 for addresses (RFC 4648 section 5), without padding. */
        PasskeyChallenge: {
            /** @description Random bytes to be signed, once and within five minutes. */
            challenge: string;
            /** @description The relying party id: the host of this address. */
            rp_id: string;
            /**
             * Format: uint64
             * @description How long to wait for the person, in milliseconds.
             */
            timeout: number;
        };
        /** @description Another name. */
        PasskeyName: {
            /** @description The name: 1 to 60 characters. */
            name: string;
        };
        /** @description What a passkey signed. Bytes as in the challenge. */
        PasskeySignIn: {
            /** @description `authenticatorData`. */
            authenticator_data: string;
            /** @description `clientDataJSON`. */
            client_data: string;
            /** @description `rawId`. */
            credential: string;
            /** @description `signature`. */
            signature: string;
        };
        /** @description A passkey of one's own. */
        PasskeyView: {
            /** @description When it was added. */
            created: string;
            /** @description Its id here. */
            id: string;
            /** @description What its owner calls it. */
            name: string;
            /** @description When it was used last; null if never. */
            used?: string | null;
        };
        /** @description The shape of a recording. */
        Peaks: {
            /** @description The same of the agent's side. */
            agent: number[];
            /** @description The loudest sample of each piece of the customer's side: 0 is silence, 255 the loudest there is. */
            customer: number[];
            /**
             * Format: uint64
             * @description How long it is, in milliseconds.
             */
            length_ms: number;
        };
        /** @description A line of what Microsoft is asked for, and why. */
        PermissionView: {
            /** @description The feature that needs it. */
            feature: string;
            /** @description The fields that are read. */
            fields: string[];
            /** @description Whether it was granted when that was last seen; null while that is not known. */
            granted?: boolean | null;
            /** @description What is done by it, as Microsoft's reference names it. */
            operations: string[];
            /** @description Microsoft's name of the permission; null where the registration needs none. */
            permission?: string | null;
            /** @description Why. */
            reason: string;
            /** @description The app registration that has it. */
            registration: string;
            /** @description Why the feature does not work for want of this permission, and what to do; null while it works. */
            stopped?: string | null;
            /** @description Those of them that are stored, encrypted. */
            stored: string[];
            /** @description `delegated`, `application` or `rsc`. */
            type: string;
        };
        /** @description What to change about a person. */
        PersonChange: {
            /**
             * @description The name that stands for those that came with calls.
             * @default null
             */
            name: string | null;
            /**
             * @description Whether the person objects to being treated by what is known of them: no routing by it, no name on a screen.
             * @default null
             */
            objected: boolean | null;
            /**
             * @description Whether the person's data is hidden.
             * @default null
             */
            restricted: boolean | null;
        };
        /** @description Everything that is kept of a person. */
        PersonExport: {
            /**
             * @description Calls that name the person, with recordings and messages in which they are heard, and notes on their own ones; of a
             *     user the calls that they talked in last.
             */
            calls: components["schemas"]["CallKept"][];
            /** @description What is kept of Microsoft's directory under the same number or address. */
            directory: components["schemas"]["EntryKept"][];
            /** @description What owners entered beside Microsoft's directory under the same number or address. */
            entered: components["schemas"]["EntryKept"][];
            /** @description Who. */
            person: components["schemas"]["PersonKept"];
            /** @description Users of the configuration who have the same number, address or account at Microsoft. */
            users: components["schemas"]["UserKept"][];
        };
        /** @description A person of whom something is kept. Who is kept in several ways is found several times. */
        PersonKept: {
            /** @description Number or address. */
            address: string;
            /**
             * Format: uint64
             * @description How many calls they made or got as a caller: none of users and people of a directory.
             */
            calls: number;
            /** @description Ids of holds that keep something of this person. */
            holds: string[];
            /** @description Id: `p1` of whoever called, `user-anna` of a user, `directory-1` and `local-1` of people of a directory. */
            id: string;
            /** @description As what. */
            kept_as: components["schemas"]["KeptAs"];
            /** @description Names that came with calls, or the one that the configuration or the directory has. */
            names: string[];
            /** @description Whether the person objects to being treated by what is known of them: no routing by it, no name on a screen. */
            objected: boolean;
            /** @description Whether the person's data is hidden from everybody but this page. */
            restricted: boolean;
            /**
             * @description Id of the user of this account who has this number, address or account at Microsoft. What is kept of them as a user
             *     belongs to the configuration: it goes when the user is deleted there.
             */
            user?: string | null;
        };
        /** @description Somebody in the directory. */
        PersonView: {
            /** @description Numbers at work, as the world writes them (E.164) where the tenant's country says how. */
            business: string[];
            /** @description Of `name`, `mail`, `business` and `mobile` those that an owner says here in place of what Microsoft says. */
            corrected: string[];
            /** @description Whether they may sign in there. */
            enabled: boolean;
            /** @description Id in Microsoft's directory; of somebody who was entered here, `local-` with a number. */
            id: string;
            /** @description Address of electronic mail; empty for none. */
            mail: string;
            /** @description The mobile number, in the same way. */
            mobile?: string | null;
            /** @description Name shown to colleagues. */
            name: string;
            /** @description Where they come from: `microsoft`, or `local` for whoever an owner entered here. */
            origin: string;
            /** @description What Teams says of them; null for those who are no users here, and while it is not known. */
            presence?: components["schemas"]["PresenceView"] | null;
            /** @description Id of the user that the person is here; null for those who are none. */
            user?: string | null;
        };
        /** @description Somebody made up, as whom a visitor may sign in. */
        Persona: {
            /** @description Name shown to colleagues. */
            name: string;
            /** @description What it is asked for by, which is its role. */
            persona: string;
            /** @description What one can do as this person. */
            says: string;
            /** @description Id of the user. */
            user: string;
        };
        /** @description Where a call can go: exactly one of these. */
        Place: {
            agent: string;
        } | {
            queue: string;
        } | {
            number: string;
        };
        /** @description How reading presence stands. */
        PresenceReading: {
            /** @description When it was last read. */
            at?: string | null;
            /** @description Why it cannot be read, and what to do. */
            trouble?: string | null;
        };
        /** @description What Microsoft Teams says of a person. */
        PresenceView: {
            /** @description Microsoft's word: `InACall`, `InAMeeting`, `Presenting` and others; new ones can come. */
            activity: string;
            /**
             * Format: uint64
             * @description How long ago it was read, in seconds.
             */
            age_s: number;
            /** @description Microsoft's word: `Available`, `Busy`, `DoNotDisturb`, `Away`, `Offline` and others; new ones can come. */
            availability: string;
        };
        /** @description An error as the caller sees it. */
        Problem: {
            /**
             * @description A word for what a page does something about: `signed-out`, `wrong`, `second-factor`, `slow-down`, `password`,
             *     `tenant`, `csrf`, `origin` or `closed`. Where a call is not begun, why: `premium`, `night`, `line` and so on.
             */
            code?: string | null;
            /** @description What is wrong and what to do. */
            detail: string;
            /** @description All that is wrong, where there is more than one thing. */
            problems: string[];
            /**
             * Format: uint16
             * @description HTTP status.
             */
            status: number;
            /** @description The status in words. */
            title: string;
        };
        /** @description How far the checks of an attestation are: of the one under way, or of the newest. */
        Progress: {
            /** @description The check that is run now; null where none is. */
            check?: string | null;
            /**
             * Format: uint32
             * @description How many checks are done.
             */
            done: number;
            /**
             * Format: uint32
             * @description Out of how many; 0 where none was run.
             */
            of: number;
            /** @description Whether one is under way. */
            running: boolean;
        };
        /** @description What a recording leaves out, and that no key is in it. */
        Proof: {
            /** @description When it began. */
            began: string;
            /** @description Id of the call. */
            call: string;
            /** @description When it ended; null while it is being made. */
            ended?: string | null;
            /**
             * @description Pauses, from and to in milliseconds of its own time; keys pressed (`digits_recorded`) that were recorded; audio
             *     lost to a slow disk (`lost_ms`). Null while it is being made, and after a killed process.
             */
            proof?: unknown;
        };
        /** @description Proof of being oneself. */
        Proof2: {
            /** @description The password. */
            password: string;
        };
        /** @description How well a leg was heard, and heard others. */
        QualityView: {
            /** @description The codec, as SDP names it: `PCMA`, `PCMU`, `G722` or `opus`. */
            codec: string;
            /** @description What was heard of the far end; null when nothing came. */
            heard?: components["schemas"]["WayView"] | null;
            /**
             * Format: double
             * @description Time of a packet there and back, in milliseconds; null when the far end does not help to measure it.
             */
            round_trip_ms?: number | null;
            /** @description What the far end said that it heard; null when it said nothing. */
            sent?: components["schemas"]["WayView"] | null;
        };
        /** @description A queue's figures, by the interval of entry. */
        QueueRow: {
            /**
             * Format: double
             * @description Share of those who hung up.
             */
            abandon_rate?: number | null;
            /**
             * Format: uint64
             * @description Hung up while waiting.
             */
            abandoned: number;
            /**
             * Format: uint64
             * @description Hung up within the threshold.
             */
            abandoned_within: number;
            /**
             * Format: uint64
             * @description Average handling time.
             */
            aht_ms?: number | null;
            /**
             * Format: double
             * @description Share of offers accepted.
             */
            answer_rate?: number | null;
            /**
             * Format: uint64
             * @description Answered by an agent.
             */
            answered: number;
            /**
             * Format: uint64
             * @description Answered within the threshold.
             */
            answered_within: number;
            /**
             * Format: uint64
             * @description Average speed of answer.
             */
            asa_ms?: number | null;
            /**
             * Format: uint64
             * @description Mean wait of those who hung up.
             */
            average_abandon_ms?: number | null;
            /**
             * Format: uint64
             * @description Mean wait of all who left.
             */
            average_wait_ms?: number | null;
            /**
             * Format: uint64
             * @description Left for a callback.
             */
            callback: number;
            /**
             * Format: uint64
             * @description With more than two.
             */
            conferences: number;
            /**
             * Format: uint64
             * @description With consultation.
             */
            consults: number;
            /**
             * Format: uint64
             * @description Mean absolute error of the expected wait.
             */
            estimate_error_ms?: number | null;
            /**
             * Format: double
             * @description The same as a share of the wait.
             */
            estimate_mape?: number | null;
            /**
             * Format: uint64
             * @description Callers with an expected wait who were answered.
             */
            estimates: number;
            /**
             * Format: double
             * @description First-contact resolution: share not followed by another.
             */
            fcr?: number | null;
            /**
             * Format: uint64
             * @description Went on to another step.
             */
            flowed_out: number;
            /**
             * Format: uint64
             * @description Conversations.
             */
            handled: number;
            /**
             * Format: uint64
             * @description Time of hold and consultation.
             */
            hold_ms: number;
            /**
             * Format: double
             * @description Share of conversations with hold.
             */
            hold_rate?: number | null;
            /**
             * Format: uint64
             * @description The longest wait.
             */
            max_wait_ms: number;
            /**
             * Format: uint64
             * @description Callers who entered.
             */
            offered: number;
            /**
             * Format: uint64
             * @description Offers to agents.
             */
            offers: number;
            /**
             * Format: uint64
             * @description Accepted.
             */
            offers_answered: number;
            /**
             * Format: uint64
             * @description Missed.
             */
            offers_missed: number;
            /**
             * Format: uint64
             * @description Begun by agents.
             */
            outbound: number;
            /** @description Id of the queue. */
            queue: string;
            /**
             * Format: double
             * @description Share followed by another.
             */
            repeat_rate?: number | null;
            /**
             * Format: uint64
             * @description Of these, followed by another from the same caller to the same queue within the days asked for.
             */
            repeated?: number | null;
            /**
             * Format: uint64
             * @description Calls in which an agent talked, by the interval in which the call began; null unless `fcr_days` is asked for.
             */
            resolved?: number | null;
            /**
             * Format: double
             * @description By the formula asked for.
             */
            service_level?: number | null;
            /**
             * Format: uint64
             * @description Hung up within 5 seconds.
             */
            short_abandoned: number;
            /** @description Where the interval, day or time begins. */
            start: string;
            /**
             * Format: uint64
             * @description Time of conversation.
             */
            talk_ms: number;
            /**
             * Format: double
             * @description Share transferred.
             */
            transfer_rate?: number | null;
            /**
             * Format: uint64
             * @description Transferred.
             */
            transfers: number;
            /**
             * Format: uint64
             * @description Half waited no longer.
             */
            wait_p50_ms?: number | null;
            /**
             * Format: uint64
             * @description Nine of ten waited no longer.
             */
            wait_p90_ms?: number | null;
            /**
             * Format: uint64
             * @description 95 of 100 waited no longer.
             */
            wait_p95_ms?: number | null;
            /**
             * Format: uint64
             * @description Still wait.
             */
            waiting: number;
            /**
             * Format: uint64
             * @description Time of wrap-up.
             */
            wrap_ms: number;
        };
        /** @description A queue. */
        QueueView: {
            /**
             * Format: uint64
             * @description Hung up while waiting.
             */
            abandoned: number;
            /** @description Members by state. */
            agents: {
                [key: string]: number;
            };
            /**
             * Format: uint64
             * @description Answered by an agent.
             */
            answered: number;
            /**
             * Format: uint64
             * @description Mean wait of those answered, in milliseconds.
             */
            average_wait_ms?: number | null;
            /**
             * Format: uint64
             * @description Left for a callback.
             */
            callback: number;
            /**
             * Format: double
             * @description How wrong expected waits were, on the mean, as a share of the wait; null before the first.
             */
            expected_wait_error?: number | null;
            /**
             * Format: uint64
             * @description What a caller who came now would wait, in milliseconds; null while nobody was served lately.
             */
            expected_wait_ms?: number | null;
            /**
             * Format: uint64
             * @description Left for another step.
             */
            flowed_out: number;
            /** @description Id of the queue. */
            id: string;
            /**
             * Format: uint64
             * @description Callers who entered: answered + abandoned + flowed out + callback + waiting.
             */
            offered: number;
            /**
             * Format: double
             * @description SL1: answered within T / (answered + abandoned − abandoned within T); null before the first.
             */
            service_level?: number | null;
            /**
             * Format: uint64
             * @description Callers waiting, those being offered included.
             */
            waiting: number;
            /** @description When the first of them came. */
            waiting_since?: string | null;
        };
        /** @description A page that is an agent's phone. */
        Registered: {
            /** @description The answer for the RTCPeerConnection. */
            answer: string;
            /** @description Names this page's registration. Another page that registers takes its place. */
            id: string;
        };
        /** @description An app registration that is needed. */
        RegistrationView: {
            /** @description Its application id; null while the server's configuration has none. */
            app?: string | null;
            /** @description The page to open to consent, for an administrator of the directory; null while there is no app. */
            consent?: string | null;
            /**
             * @description The registration as an application object of Entra ID (Graph's `application`), to be made by; the certificate is added
             *     there.
             */
            manifest: unknown;
            /** @description Permissions that are needed and were not granted when it was last seen; null while that is not known. */
            missing?: string[] | null;
            /** @description Its name here. */
            name: string;
            /** @description What is asked for, and why. */
            permissions: components["schemas"]["PermissionView"][];
            /** @description Permissions that were granted and no feature needs: to be taken away. */
            surplus?: string[] | null;
        };
        /** @description Something that still says something of a person after an erasure. */
        Remains: {
            /** @description Its id there. */
            id: string;
            /** @description Where. */
            in: components["schemas"]["RemainsIn"];
            /** @description What has to be done, in a sentence. */
            say: string;
        };
        /** @description Where something of a person remains. */
        RemainsIn: "user" | "list" | "directory" | "entered" | "caller";
        /** @description What a replay found. */
        Replayed: {
            /**
             * Format: uint64
             * @description Things that are told once more.
             */
            told: number;
        };
        /** @description A report. */
        Report: {
            /** @description What one row covers. */
            by: string;
            /** @description Formulas of the metrics, by name. */
            formulas: {
                [key: string]: string;
            };
            /** @description Where it begins. */
            from: string;
            /** @description The rows. */
            rows: components["schemas"]["QueueRow"][];
            /** @description Where it ends; not included. */
            to: string;
        };
        /** @description A report. */
        Report2: {
            /** @description What one row covers. */
            by: string;
            /** @description Formulas of the metrics, by name. */
            formulas: {
                [key: string]: string;
            };
            /** @description Where it begins. */
            from: string;
            /** @description The rows. */
            rows: components["schemas"]["AgentRow"][];
            /** @description Where it ends; not included. */
            to: string;
        };
        /** @description A report. */
        Report3: {
            /** @description What one row covers. */
            by: string;
            /** @description Formulas of the metrics, by name. */
            formulas: {
                [key: string]: string;
            };
            /** @description Where it begins. */
            from: string;
            /** @description The rows. */
            rows: components["schemas"]["NumberRow"][];
            /** @description Where it ends; not included. */
            to: string;
        };
        /** @description A report. */
        Report4: {
            /** @description What one row covers. */
            by: string;
            /** @description Formulas of the metrics, by name. */
            formulas: {
                [key: string]: string;
            };
            /** @description Where it begins. */
            from: string;
            /** @description The rows. */
            rows: components["schemas"]["DispositionRow"][];
            /** @description Where it ends; not included. */
            to: string;
        };
        /** @description A report. */
        Report5: {
            /** @description What one row covers. */
            by: string;
            /** @description Formulas of the metrics, by name. */
            formulas: {
                [key: string]: string;
            };
            /** @description Where it begins. */
            from: string;
            /** @description The rows. */
            rows: components["schemas"]["CallbackRow"][];
            /** @description Where it ends; not included. */
            to: string;
        };
        /** @description What retention did and would do. */
        RetentionView: {
            /** @description By rule: class, calls that are due now, calls that holds keep, and when the next is due. */
            due: unknown;
            /** @description The newest runs, newest first. */
            runs: components["schemas"]["RunView"][];
        };
        /** @description A run of the job. */
        RunView: {
            /** @description When it began. */
            at: string;
            /** @description When it ended; null when it was interrupted. */
            ended?: string | null;
            /** @description What it did, by rule. */
            report: unknown;
        };
        /** @description Somebody who was next in line. */
        RunnerUp: {
            /** @description Who. */
            agent: string;
            /**
             * Format: uint64
             * @description How long free, in milliseconds.
             */
            idle_ms: number;
            /**
             * Format: uint64
             * @description Sum of levels, calls or turn, as the strategy says.
             */
            score: number;
        };
        /** @description How a call ended, as an agent says. */
        SaidView: {
            /** @description Id of the agent. */
            agent: string;
            /** @description Id of the disposition. */
            disposition: string;
        };
        /** @description The secret of a second factor, for an app that makes codes of it. */
        SecondFactor: {
            /** @description The secret, in Base32, to be typed in. */
            secret: string;
            /** @description The same as an address, to be shown as a QR code. */
            uri: string;
        };
        /** @description As the API shows it. */
        SecurityEventView: {
            /** @description When. */
            at: string;
            /** @description More of it: words, and ids of calls, agents and trunks. */
            data: {
                [key: string]: unknown;
            };
            /** @description Its id. */
            id: string;
            /** @description `ban`, `guessing`, `flood`, `toll-refused`, `toll-limit`, `trunk-credentials`, `certificate`, `backup` or `test`. */
            kind: string;
        };
        /** @description What happened. */
        SecurityEvents: {
            /** @description Newest first; the last 500 of the server since its start. */
            items: components["schemas"]["SecurityEventView"][];
        };
        /** @description Who is signed in. */
        SessionView: {
            /** @description Id of the agent, which is the user's; null for those who are never rung. */
            agent_id?: string | null;
            /** @description To be sent as `X-CSRF-Token` with every request that changes something. */
            csrf: string;
            /** @description When the session ends at the latest. Unused it ends sooner. */
            expires: string;
            /** @description Name shown to colleagues. */
            name: string;
            /** @description The role that may do most: `owner`, `supervisor`, `agent` or `auditor`. */
            role: string;
            /** @description All roles. */
            roles: string[];
            /** @description Whether signing in needs a code of a second factor. */
            second_factor: boolean;
            /** @description Id of the tenant. */
            tenant: string;
            /** @description Id of the user. */
            user: string;
        };
        /** @description What somebody signs in with. */
        SignIn: {
            /** @description The password. */
            password: string;
            /**
             * @description Id of the tenant; may be left out where there is only one.
             * @default null
             */
            tenant: string | null;
            /** @description The code of the second factor, if the account has one. */
            totp?: string | null;
            /** @description Id of the user. */
            user: string;
        };
        /** @description How an agent's browser stands. */
        SoftphoneView: {
            /** @description Id of its call. */
            call?: string | null;
            /** @description Whether audio can flow. */
            connected: boolean;
            /** @description Whether the agent holds. */
            held: boolean;
            /** @description Id of the page's registration; null when no page is the agent's phone. */
            id?: string | null;
            /** @description Id of the leg that rings or talks there. */
            leg?: string | null;
            /** @description Name that came with the call. */
            name?: string | null;
            /** @description Number or address at the other end; null if withheld. */
            number?: string | null;
            /** @description `idle`, `ringing` or `talking`. */
            state: string;
        };
        /**
         * Format: span
         * @description A length of time: a number and ms, s, m or h, for example 20s.
         */
        Span: string;
        /** @description What would happen to one object. */
        Step: {
            /** @description `create`, `change` or `delete`. */
            action: components["schemas"]["Action"];
            /** @description Which parts change. */
            fields: string[];
            /** @description Its id. */
            id: string;
            /** @description Kind of the object. */
            kind: string;
        };
        /** @description Where the tab signs in, and which ways of calling there are. */
        TabSetup: {
            /** @description Application id of the tab; null where it has no app registration. */
            app?: string | null;
            /** @description Under whose name and colours; null where the tenant has no `teams_app`. */
            brand?: components["schemas"]["Brand"] | null;
            /** @description The organisation's Microsoft directory; null where none is connected. */
            directory?: string | null;
            /** @description Microsoft Graph. */
            graph: string;
            /** @description Pages beside those of Teams that may show the tab. */
            hosts: string[];
            /** @description Entra ID. */
            login: string;
            /** @description The kinds of conversations whose members it lists, by the features that are on: `chat`, `channel`, `team`. */
            places: string[];
            /** @description The scope of a token for this server; null where no call goes through it. */
            scope?: string | null;
            /** @description Teams of the configured cloud, as `https://teams.microsoft.com`: what links lead to that open in the person's client. */
            teams: string;
            /** @description The ways to call. */
            ways: components["schemas"]["WayView2"][];
        };
        /** @description Taking up an invitation. */
        TakeUp: {
            /** @description The code. */
            code: string;
            /** @description The password from here on: 10 characters or more. */
            password: string;
        };
        /** @description Somebody or something that a call can go to. */
        Target: {
            /** @description Its id. */
            id: string;
            /** @description `agent` or `queue`. */
            kind: string;
            /** @description Name shown to people; the id where there is none. */
            name: string;
            /** @description What an agent is doing. */
            state?: string | null;
            /**
             * Format: uint64
             * @description Callers who wait in a queue.
             */
            waiting?: number | null;
        };
        /** @description A telephone that is registered. */
        Telephone: {
            /** @description Where it is reached: address and port. */
            at: string;
            /**
             * Format: uint64
             * @description Seconds until it has to register again.
             */
            expires_in: number;
            /** @description What it says it is; empty if nothing. */
            product: string;
            /** @description How: `udp`, `tcp` or `tls`. */
            transport: string;
        };
        /** @description What became of a test. */
        TestAlert: {
            /** @description The event, which is in the log, the metrics and the list of events. */
            event: components["schemas"]["SecurityEventView"];
            /**
             * @description Webhooks that were told, and conversations in Teams; empty when none has `security-alert` among its events and nobody
             *     in Teams asked for it.
             */
            receivers: components["schemas"]["TestReceiver"][];
        };
        /** @description A webhook, and whether it took the test. */
        TestReceiver: {
            /** @description Why not; null while it was not tried yet. */
            cause?: string | null;
            /** @description Whether it took it. */
            delivered: boolean;
            /** @description Id of the webhook; `Microsoft Teams` for conversations there. */
            webhook: string;
        };
        /** @description How calls to Microsoft Teams were refused. */
        ToldStatus: {
            /**
             * Format: uint16
             * @description The SIP status code.
             */
            code: number;
            /**
             * Format: uint64
             * @description How many seconds ago last.
             */
            seconds_ago: number;
            /**
             * Format: uint32
             * @description Microsoft's own code, where it said one that is known.
             */
            sub_code?: number | null;
            /**
             * Format: uint64
             * @description How often since the start.
             */
            times: number;
            /** @description What to do about it; empty where nothing is to be done. */
            todo: string;
            /** @description What it means. */
            what: string;
        };
        /** @description How a trunk stands, for people. */
        TrunkStatus: {
            /** @description How calls to Microsoft Teams were refused, the newest first; empty for other trunks. */
            answers: components["schemas"]["ToldStatus"][];
            /**
             * Format: uint64
             * @description How many seconds ago the neighbour last asked whether we are there (OPTIONS); missing where it has not since the
             *     start.
             */
            asked_us_seconds_ago?: number | null;
            /**
             * Format: uint32
             * @description Calls to the outside that go over it now.
             */
            calls: number;
            /** @description Its far ends, in the order of the configuration. */
            far_ends: components["schemas"]["FarEndStatus"][];
            /** @description Whether it is registered; missing where it does not register. */
            registered?: boolean | null;
            /**
             * Format: uint16
             * @description What the carrier last said to a registration that it refused: a SIP status code; also while an earlier registration
             *     still lasts. Missing once one was granted.
             */
            registration_refused?: number | null;
            /** @description Whether the neighbour is Microsoft Teams, which asks us each minute whether we are there. */
            teams: boolean;
            /** @description Id of the trunk. */
            trunk: string;
        };
        /** @description Why nothing that we say gets to a far end. */
        Unreached: "name-unknown" | "name-unanswered" | "refused" | "no-route" | "connect-timeout" | "handshake-timeout" | "tls" | "broken";
        /** @description A user of the configuration. */
        UserKept: {
            /** @description All that the configuration says of them. */
            configuration: unknown;
            /** @description Id. */
            id: string;
        };
        /** @description A version of an object. */
        Version: {
            /** @description When it was made. */
            at: string;
            /** @description The object; null where it was deleted. */
            object?: unknown;
            /**
             * Format: uint64
             * @description Its number.
             */
            version: number;
            /** @description By whom. */
            who: string;
        };
        /** @description What to attest. */
        Wanted: {
            /**
             * @description Names of the checks to run; empty is all.
             * @default []
             */
            checks: string[];
            /**
             * @description The operator's answers: an object of id and answer.
             * @default null
             */
            declared: unknown;
        };
        /** @description Which account to end. */
        Wanted2: {
            /**
             * Format: uint64
             * @description After how many days the data is destroyed: as many as the rule of class `closing` says, or fewer. Until then it can
             *     be taken back.
             * @default null
             */
            days: number | null;
            /** @description The tenant's id, so that nobody ends an account by mistake. */
            tenant: string;
        };
        /**
         * @description What can be asked for.
         * @enum {string}
         */
        WantedState: "available" | "break" | "offline";
        /** @description One way of a leg's audio. */
        WayView: {
            /**
             * Format: double
             * @description How unevenly they came, in milliseconds (RFC 3550).
             */
            jitter_ms: number;
            /**
             * Format: uint64
             * @description Those of them that did not.
             */
            lost: number;
            /**
             * Format: double
             * @description Their share, in percent.
             */
            lost_percent: number;
            /**
             * Format: double
             * @description What listeners would say by the E-model, from 1 to 4.5.
             */
            mos: number;
            /** @description The same in a word: `good`, `fair` or `poor`. */
            opinion: string;
            /**
             * Format: uint64
             * @description Packets that should have come.
             */
            packets: number;
        };
        /** @description A way to call. */
        WayView2: {
            /** @description The person's own computer opens a link. */
            client_address: boolean;
            /** @description The call can be hung up from here. */
            hang_up: boolean;
            /** @description Id of the `Pbx`; null is our own trunks. */
            id?: string | null;
            /** @description `own`, or how the `Pbx` calls. */
            kind: string;
            /**
             * @description How the person's own line there becomes known: `known` where it is not asked for, `typed` where the person names it
             *     and the password proves it, `pass` by a line pass, where nothing else says it.
             */
            line: string;
            /** @description Name shown to people; may be empty. */
            name: string;
            /** @description A phone other than the usual one can ring. */
            other_phone: boolean;
            /** @description It is told how far the call is. */
            progress: boolean;
            /** @description What stands before the number in the address that a softphone opens. */
            scheme?: string | null;
            /** @description The telephone system rings the person's phone, then the other side. */
            server_dial: boolean;
            /** @description It is written to that system's documents, or to what was observed of it, and was not tried against a real one. */
            untried: boolean;
            /** @description Whether each call needs the person's password there. */
            wants_password: boolean;
        };
        /** @description How people can sign in here. */
        Ways: {
            /** @description With a Microsoft work account. */
            microsoft: boolean;
        };
        /** @description A decision with everybody it was about. */
        WholeDecision: {
            /** @description Everybody who could have been rung. */
            agents: components["schemas"]["CandidateView"][];
            /**
             * Format: uint64
             * @description Place in the journal of the event that led to it.
             */
            position: number;
            /** @description The decision in a sentence. */
            say: string;
        };
        /** @description Whose browser it is. */
        Whose: {
            /** @description Id of the agent. */
            agent: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
