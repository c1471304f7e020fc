import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace turso. */
export namespace turso {

    /** PageEncoding enum. */
    enum PageEncoding {

        /** RAW value */
        RAW = 0,

        /** ZSTD value */
        ZSTD = 1
    }

    /** StreamKind enum. */
    enum StreamKind {

        /** PAGES value */
        PAGES = 0,

        /** MVCC_LOGICAL_LOG value */
        MVCC_LOGICAL_LOG = 1
    }

    /** ApplyMode enum. */
    enum ApplyMode {

        /** INCREMENTAL value */
        INCREMENTAL = 0,

        /** REPLACE_BASE value */
        REPLACE_BASE = 1
    }

    /** PullProtocol enum. */
    enum PullProtocol {

        /** UNKNOWN value */
        UNKNOWN = 0,

        /** PAGE_STREAM value */
        PAGE_STREAM = 1,

        /** MVCC_LOG_STREAM value */
        MVCC_LOG_STREAM = 2
    }

    /**
     * Properties of a PullUpdatesRequest.
     * @deprecated Use turso.PullUpdatesRequest.$Properties instead.
     */
    interface IPullUpdatesRequest extends turso.PullUpdatesRequest.$Properties {
    }

    /** Represents a PullUpdatesRequest. */
    class PullUpdatesRequest {

        /**
         * Constructs a new PullUpdatesRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.PullUpdatesRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PullUpdatesRequest encoding. */
        encoding: turso.PageEncoding;

        /** PullUpdatesRequest serverRevision. */
        serverRevision: string;

        /** PullUpdatesRequest clientRevision. */
        clientRevision: string;

        /** PullUpdatesRequest longPollTimeoutMs. */
        longPollTimeoutMs: number;

        /** PullUpdatesRequest serverPagesSelector. */
        serverPagesSelector: Uint8Array;

        /** PullUpdatesRequest clientPages. */
        clientPages: Uint8Array;

        /** PullUpdatesRequest serverQuerySelector. */
        serverQuerySelector: string;

        /** PullUpdatesRequest streamKind. */
        streamKind: turso.StreamKind;

        /** PullUpdatesRequest tidemarkEcho. */
        tidemarkEcho?: (turso.TidemarkEcho.$Properties|null);

        /**
         * Encodes the specified PullUpdatesRequest message. Does not implicitly {@link turso.PullUpdatesRequest.verify|verify} messages.
         * @param message PullUpdatesRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.PullUpdatesRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PullUpdatesRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.PullUpdatesRequest & turso.PullUpdatesRequest.$Shape} PullUpdatesRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.PullUpdatesRequest & turso.PullUpdatesRequest.$Shape;
    }

    namespace PullUpdatesRequest {

        /** Properties of a PullUpdatesRequest. */
        interface $Properties {

            /** PullUpdatesRequest encoding */
            encoding?: (turso.PageEncoding|null);

            /** PullUpdatesRequest serverRevision */
            serverRevision?: (string|null);

            /** PullUpdatesRequest clientRevision */
            clientRevision?: (string|null);

            /** PullUpdatesRequest longPollTimeoutMs */
            longPollTimeoutMs?: (number|null);

            /** PullUpdatesRequest serverPagesSelector */
            serverPagesSelector?: (Uint8Array|null);

            /** PullUpdatesRequest clientPages */
            clientPages?: (Uint8Array|null);

            /** PullUpdatesRequest serverQuerySelector */
            serverQuerySelector?: (string|null);

            /** PullUpdatesRequest streamKind */
            streamKind?: (turso.StreamKind|null);

            /** PullUpdatesRequest tidemarkEcho */
            tidemarkEcho?: (turso.TidemarkEcho.$Properties|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PullUpdatesRequest. */
        type $Shape = turso.PullUpdatesRequest.$Properties;
    }

    /**
     * Properties of a TidemarkEcho.
     * @deprecated Use turso.TidemarkEcho.$Properties instead.
     */
    interface ITidemarkEcho extends turso.TidemarkEcho.$Properties {
    }

    /** Represents a TidemarkEcho. */
    class TidemarkEcho {

        /**
         * Constructs a new TidemarkEcho.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.TidemarkEcho.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** TidemarkEcho clientId. */
        clientId: string;

        /** TidemarkEcho firstChangeId. */
        firstChangeId: Long;

        /** TidemarkEcho lastChangeId. */
        lastChangeId: Long;

        /** TidemarkEcho digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified TidemarkEcho message. Does not implicitly {@link turso.TidemarkEcho.verify|verify} messages.
         * @param message TidemarkEcho message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.TidemarkEcho.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a TidemarkEcho message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.TidemarkEcho & turso.TidemarkEcho.$Shape} TidemarkEcho
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.TidemarkEcho & turso.TidemarkEcho.$Shape;
    }

    namespace TidemarkEcho {

        /** Properties of a TidemarkEcho. */
        interface $Properties {

            /** TidemarkEcho clientId */
            clientId?: (string|null);

            /** TidemarkEcho firstChangeId */
            firstChangeId?: (Long|null);

            /** TidemarkEcho lastChangeId */
            lastChangeId?: (Long|null);

            /** TidemarkEcho digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a TidemarkEcho. */
        type $Shape = turso.TidemarkEcho.$Properties;
    }

    /**
     * Properties of a RawPages.
     * @deprecated Use turso.RawPages.$Properties instead.
     */
    interface IRawPages extends turso.RawPages.$Properties {
    }

    /** Represents a RawPages. */
    class RawPages {

        /**
         * Constructs a new RawPages.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.RawPages.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /**
         * Encodes the specified RawPages message. Does not implicitly {@link turso.RawPages.verify|verify} messages.
         * @param message RawPages message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.RawPages.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RawPages message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.RawPages & turso.RawPages.$Shape} RawPages
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.RawPages & turso.RawPages.$Shape;
    }

    namespace RawPages {

        /** Properties of a RawPages. */
        interface $Properties {

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RawPages. */
        type $Shape = turso.RawPages.$Properties;
    }

    /**
     * Properties of a ZstdPages.
     * @deprecated Use turso.ZstdPages.$Properties instead.
     */
    interface IZstdPages extends turso.ZstdPages.$Properties {
    }

    /** Represents a ZstdPages. */
    class ZstdPages {

        /**
         * Constructs a new ZstdPages.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.ZstdPages.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ZstdPages level. */
        level: number;

        /** ZstdPages pagesDict. */
        pagesDict: number[];

        /**
         * Encodes the specified ZstdPages message. Does not implicitly {@link turso.ZstdPages.verify|verify} messages.
         * @param message ZstdPages message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.ZstdPages.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ZstdPages message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.ZstdPages & turso.ZstdPages.$Shape} ZstdPages
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.ZstdPages & turso.ZstdPages.$Shape;
    }

    namespace ZstdPages {

        /** Properties of a ZstdPages. */
        interface $Properties {

            /** ZstdPages level */
            level?: (number|null);

            /** ZstdPages pagesDict */
            pagesDict?: (number[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ZstdPages. */
        type $Shape = turso.ZstdPages.$Properties;
    }

    /**
     * Properties of a PullUpdatesHeader.
     * @deprecated Use turso.PullUpdatesHeader.$Properties instead.
     */
    interface IPullUpdatesHeader extends turso.PullUpdatesHeader.$Properties {
    }

    /** Represents a PullUpdatesHeader. */
    class PullUpdatesHeader {

        /**
         * Constructs a new PullUpdatesHeader.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.PullUpdatesHeader.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PullUpdatesHeader serverRevision. */
        serverRevision: string;

        /** PullUpdatesHeader dbSize. */
        dbSize: Long;

        /** PullUpdatesHeader rawEncoding. */
        rawEncoding?: (turso.RawPages.$Properties|null);

        /** PullUpdatesHeader zstdEncoding. */
        zstdEncoding?: (turso.ZstdPages.$Properties|null);

        /** PullUpdatesHeader streamKind. */
        streamKind: turso.StreamKind;

        /** PullUpdatesHeader applyMode. */
        applyMode: turso.ApplyMode;

        /** PullUpdatesHeader protocol. */
        protocol: turso.PullProtocol;

        /**
         * Encodes the specified PullUpdatesHeader message. Does not implicitly {@link turso.PullUpdatesHeader.verify|verify} messages.
         * @param message PullUpdatesHeader message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.PullUpdatesHeader.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PullUpdatesHeader message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.PullUpdatesHeader & turso.PullUpdatesHeader.$Shape} PullUpdatesHeader
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.PullUpdatesHeader & turso.PullUpdatesHeader.$Shape;
    }

    namespace PullUpdatesHeader {

        /** Properties of a PullUpdatesHeader. */
        interface $Properties {

            /** PullUpdatesHeader serverRevision */
            serverRevision?: (string|null);

            /** PullUpdatesHeader dbSize */
            dbSize?: (Long|null);

            /** PullUpdatesHeader rawEncoding */
            rawEncoding?: (turso.RawPages.$Properties|null);

            /** PullUpdatesHeader zstdEncoding */
            zstdEncoding?: (turso.ZstdPages.$Properties|null);

            /** PullUpdatesHeader streamKind */
            streamKind?: (turso.StreamKind|null);

            /** PullUpdatesHeader applyMode */
            applyMode?: (turso.ApplyMode|null);

            /** PullUpdatesHeader protocol */
            protocol?: (turso.PullProtocol|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PullUpdatesHeader. */
        type $Shape = turso.PullUpdatesHeader.$Properties;
    }

    /**
     * Properties of a PageData.
     * @deprecated Use turso.PageData.$Properties instead.
     */
    interface IPageData extends turso.PageData.$Properties {
    }

    /** Represents a PageData. */
    class PageData {

        /**
         * Constructs a new PageData.
         * @param [properties] Properties to set
         */
        constructor(properties?: turso.PageData.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PageData pageId. */
        pageId: Long;

        /** PageData encodedPage. */
        encodedPage: Uint8Array;

        /**
         * Encodes the specified PageData message. Does not implicitly {@link turso.PageData.verify|verify} messages.
         * @param message PageData message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: turso.PageData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PageData message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {turso.PageData & turso.PageData.$Shape} PageData
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): turso.PageData & turso.PageData.$Shape;
    }

    namespace PageData {

        /** Properties of a PageData. */
        interface $Properties {

            /** PageData pageId */
            pageId?: (Long|null);

            /** PageData encodedPage */
            encodedPage?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PageData. */
        type $Shape = turso.PageData.$Properties;
    }
}

/** Namespace tidemark. */
export namespace tidemark {

    /**
     * Properties of a PullMessage.
     * @deprecated Use tidemark.PullMessage.$Properties instead.
     */
    interface IPullMessage extends tidemark.PullMessage.$Properties {
    }

    /** Represents a PullMessage. */
    class PullMessage {

        /**
         * Constructs a new PullMessage.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PullMessage.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PullMessage group. */
        group?: (tidemark.PageGroup.$Properties|null);

        /** PullMessage end. */
        end?: (tidemark.PullEnd.$Properties|null);

        /** PullMessage body. */
        body?: ("group"|"end");

        /**
         * Encodes the specified PullMessage message. Does not implicitly {@link tidemark.PullMessage.verify|verify} messages.
         * @param message PullMessage message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PullMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PullMessage message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PullMessage & tidemark.PullMessage.$Shape} PullMessage
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PullMessage & tidemark.PullMessage.$Shape;
    }

    namespace PullMessage {

        /** Properties of a PullMessage. */
        interface $Properties {

            /** PullMessage group */
            group?: (tidemark.PageGroup.$Properties|null);

            /** PullMessage end */
            end?: (tidemark.PullEnd.$Properties|null);

            /** PullMessage body */
            body?: ("group"|"end");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a PullMessage. */
        type $Shape = {
          group?: tidemark.PageGroup.$Shape|null;
          end?: tidemark.PullEnd.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; group?: null; end?: null }|{ body?: "group"; group: tidemark.PageGroup.$Shape; end?: null }|{ body?: "end"; group?: null; end: tidemark.PullEnd.$Shape })
        );
    }

    /** PageCodec enum. */
    enum PageCodec {

        /** PAGES_RAW value */
        PAGES_RAW = 0,

        /** PAGES_ZSTD value */
        PAGES_ZSTD = 1,

        /** PAGES_ZSTD_OLD_IMAGES value */
        PAGES_ZSTD_OLD_IMAGES = 2,

        /** PAGES_ZSTD_PUSHED_ROWS value */
        PAGES_ZSTD_PUSHED_ROWS = 3
    }

    /**
     * Properties of a PageGroup.
     * @deprecated Use tidemark.PageGroup.$Properties instead.
     */
    interface IPageGroup extends tidemark.PageGroup.$Properties {
    }

    /** Represents a PageGroup. */
    class PageGroup {

        /**
         * Constructs a new PageGroup.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PageGroup.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PageGroup pageIds. */
        pageIds: Long[];

        /** PageGroup codec. */
        codec: tidemark.PageCodec;

        /** PageGroup payload. */
        payload: Uint8Array;

        /** PageGroup checksum. */
        checksum: Uint8Array;

        /** PageGroup dictionaryPageIds. */
        dictionaryPageIds: Long[];

        /** PageGroup pushedRows. */
        pushedRows: Uint8Array;

        /**
         * Encodes the specified PageGroup message. Does not implicitly {@link tidemark.PageGroup.verify|verify} messages.
         * @param message PageGroup message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PageGroup.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PageGroup message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PageGroup & tidemark.PageGroup.$Shape} PageGroup
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PageGroup & tidemark.PageGroup.$Shape;
    }

    namespace PageGroup {

        /** Properties of a PageGroup. */
        interface $Properties {

            /** PageGroup pageIds */
            pageIds?: (Long[]|null);

            /** PageGroup codec */
            codec?: (tidemark.PageCodec|null);

            /** PageGroup payload */
            payload?: (Uint8Array|null);

            /** PageGroup checksum */
            checksum?: (Uint8Array|null);

            /** PageGroup dictionaryPageIds */
            dictionaryPageIds?: (Long[]|null);

            /** PageGroup pushedRows */
            pushedRows?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PageGroup. */
        type $Shape = tidemark.PageGroup.$Properties;
    }

    /**
     * Properties of a PullEnd.
     * @deprecated Use tidemark.PullEnd.$Properties instead.
     */
    interface IPullEnd extends tidemark.PullEnd.$Properties {
    }

    /** Represents a PullEnd. */
    class PullEnd {

        /**
         * Constructs a new PullEnd.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PullEnd.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PullEnd pageCount. */
        pageCount: Long;

        /** PullEnd digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified PullEnd message. Does not implicitly {@link tidemark.PullEnd.verify|verify} messages.
         * @param message PullEnd message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PullEnd.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PullEnd message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PullEnd & tidemark.PullEnd.$Shape} PullEnd
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PullEnd & tidemark.PullEnd.$Shape;
    }

    namespace PullEnd {

        /** Properties of a PullEnd. */
        interface $Properties {

            /** PullEnd pageCount */
            pageCount?: (Long|null);

            /** PullEnd digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PullEnd. */
        type $Shape = tidemark.PullEnd.$Properties;
    }

    /**
     * Properties of a PushMessage.
     * @deprecated Use tidemark.PushMessage.$Properties instead.
     */
    interface IPushMessage extends tidemark.PushMessage.$Properties {
    }

    /** Represents a PushMessage. */
    class PushMessage {

        /**
         * Constructs a new PushMessage.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushMessage.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushMessage header. */
        header?: (tidemark.PushHeader.$Properties|null);

        /** PushMessage block. */
        block?: (tidemark.PushBlock.$Properties|null);

        /** PushMessage end. */
        end?: (tidemark.PushEnd.$Properties|null);

        /** PushMessage body. */
        body?: ("header"|"block"|"end");

        /**
         * Encodes the specified PushMessage message. Does not implicitly {@link tidemark.PushMessage.verify|verify} messages.
         * @param message PushMessage message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushMessage message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushMessage & tidemark.PushMessage.$Shape} PushMessage
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushMessage & tidemark.PushMessage.$Shape;
    }

    namespace PushMessage {

        /** Properties of a PushMessage. */
        interface $Properties {

            /** PushMessage header */
            header?: (tidemark.PushHeader.$Properties|null);

            /** PushMessage block */
            block?: (tidemark.PushBlock.$Properties|null);

            /** PushMessage end */
            end?: (tidemark.PushEnd.$Properties|null);

            /** PushMessage body */
            body?: ("header"|"block"|"end");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a PushMessage. */
        type $Shape = {
          header?: tidemark.PushHeader.$Shape|null;
          block?: tidemark.PushBlock.$Shape|null;
          end?: tidemark.PushEnd.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ body?: undefined; header?: null; block?: null; end?: null }|{ body?: "header"; header: tidemark.PushHeader.$Shape; block?: null; end?: null }|{ body?: "block"; header?: null; block: tidemark.PushBlock.$Shape; end?: null }|{ body?: "end"; header?: null; block?: null; end: tidemark.PushEnd.$Shape })
        );
    }

    /** ConflictPolicy enum. */
    enum ConflictPolicy {

        /** LAST_PUSH_WINS value */
        LAST_PUSH_WINS = 0,

        /** DETECT value */
        DETECT = 1
    }

    /**
     * Properties of a PushHeader.
     * @deprecated Use tidemark.PushHeader.$Properties instead.
     */
    interface IPushHeader extends tidemark.PushHeader.$Properties {
    }

    /** Represents a PushHeader. */
    class PushHeader {

        /**
         * Constructs a new PushHeader.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushHeader.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushHeader clientId. */
        clientId: string;

        /** PushHeader pushId. */
        pushId: Uint8Array;

        /** PushHeader previousPushId. */
        previousPushId: Uint8Array;

        /** PushHeader baseRevision. */
        baseRevision: string;

        /** PushHeader firstChangeId. */
        firstChangeId: Long;

        /** PushHeader lastChangeId. */
        lastChangeId: Long;

        /** PushHeader walPages. */
        walPages: Long;

        /** PushHeader conflictPolicy. */
        conflictPolicy: tidemark.ConflictPolicy;

        /** PushHeader enforceForeignKeys. */
        enforceForeignKeys: boolean;

        /**
         * Encodes the specified PushHeader message. Does not implicitly {@link tidemark.PushHeader.verify|verify} messages.
         * @param message PushHeader message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushHeader.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushHeader message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushHeader & tidemark.PushHeader.$Shape} PushHeader
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushHeader & tidemark.PushHeader.$Shape;
    }

    namespace PushHeader {

        /** Properties of a PushHeader. */
        interface $Properties {

            /** PushHeader clientId */
            clientId?: (string|null);

            /** PushHeader pushId */
            pushId?: (Uint8Array|null);

            /** PushHeader previousPushId */
            previousPushId?: (Uint8Array|null);

            /** PushHeader baseRevision */
            baseRevision?: (string|null);

            /** PushHeader firstChangeId */
            firstChangeId?: (Long|null);

            /** PushHeader lastChangeId */
            lastChangeId?: (Long|null);

            /** PushHeader walPages */
            walPages?: (Long|null);

            /** PushHeader conflictPolicy */
            conflictPolicy?: (tidemark.ConflictPolicy|null);

            /** PushHeader enforceForeignKeys */
            enforceForeignKeys?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushHeader. */
        type $Shape = tidemark.PushHeader.$Properties;
    }

    /** BlockCodec enum. */
    enum BlockCodec {

        /** BLOCK_RAW value */
        BLOCK_RAW = 0,

        /** BLOCK_ZSTD value */
        BLOCK_ZSTD = 1
    }

    /**
     * Properties of a PushBlock.
     * @deprecated Use tidemark.PushBlock.$Properties instead.
     */
    interface IPushBlock extends tidemark.PushBlock.$Properties {
    }

    /** Represents a PushBlock. */
    class PushBlock {

        /**
         * Constructs a new PushBlock.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushBlock.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushBlock codec. */
        codec: tidemark.BlockCodec;

        /** PushBlock rawSize. */
        rawSize: Long;

        /** PushBlock checksum. */
        checksum: Uint8Array;

        /** PushBlock payload. */
        payload: Uint8Array;

        /**
         * Encodes the specified PushBlock message. Does not implicitly {@link tidemark.PushBlock.verify|verify} messages.
         * @param message PushBlock message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushBlock message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushBlock & tidemark.PushBlock.$Shape} PushBlock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushBlock & tidemark.PushBlock.$Shape;
    }

    namespace PushBlock {

        /** Properties of a PushBlock. */
        interface $Properties {

            /** PushBlock codec */
            codec?: (tidemark.BlockCodec|null);

            /** PushBlock rawSize */
            rawSize?: (Long|null);

            /** PushBlock checksum */
            checksum?: (Uint8Array|null);

            /** PushBlock payload */
            payload?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushBlock. */
        type $Shape = tidemark.PushBlock.$Properties;
    }

    /**
     * Properties of a PushEnd.
     * @deprecated Use tidemark.PushEnd.$Properties instead.
     */
    interface IPushEnd extends tidemark.PushEnd.$Properties {
    }

    /** Represents a PushEnd. */
    class PushEnd {

        /**
         * Constructs a new PushEnd.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushEnd.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushEnd changeCount. */
        changeCount: Long;

        /** PushEnd digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified PushEnd message. Does not implicitly {@link tidemark.PushEnd.verify|verify} messages.
         * @param message PushEnd message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushEnd.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushEnd message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushEnd & tidemark.PushEnd.$Shape} PushEnd
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushEnd & tidemark.PushEnd.$Shape;
    }

    namespace PushEnd {

        /** Properties of a PushEnd. */
        interface $Properties {

            /** PushEnd changeCount */
            changeCount?: (Long|null);

            /** PushEnd digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushEnd. */
        type $Shape = tidemark.PushEnd.$Properties;
    }

    /**
     * Properties of a ChangeSet.
     * @deprecated Use tidemark.ChangeSet.$Properties instead.
     */
    interface IChangeSet extends tidemark.ChangeSet.$Properties {
    }

    /** Represents a ChangeSet. */
    class ChangeSet {

        /**
         * Constructs a new ChangeSet.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.ChangeSet.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChangeSet tables. */
        tables: tidemark.TableShape.$Properties[];

        /** ChangeSet runs. */
        runs: tidemark.ChangeRun.$Properties[];

        /**
         * Encodes the specified ChangeSet message. Does not implicitly {@link tidemark.ChangeSet.verify|verify} messages.
         * @param message ChangeSet message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.ChangeSet.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChangeSet message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.ChangeSet & tidemark.ChangeSet.$Shape} ChangeSet
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.ChangeSet & tidemark.ChangeSet.$Shape;
    }

    namespace ChangeSet {

        /** Properties of a ChangeSet. */
        interface $Properties {

            /** ChangeSet tables */
            tables?: (tidemark.TableShape.$Properties[]|null);

            /** ChangeSet runs */
            runs?: (tidemark.ChangeRun.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChangeSet. */
        type $Shape = tidemark.ChangeSet.$Properties;
    }

    /**
     * Properties of a TableShape.
     * @deprecated Use tidemark.TableShape.$Properties instead.
     */
    interface ITableShape extends tidemark.TableShape.$Properties {
    }

    /** Represents a TableShape. */
    class TableShape {

        /**
         * Constructs a new TableShape.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.TableShape.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** TableShape name. */
        name: string;

        /** TableShape columns. */
        columns: string[];

        /** TableShape key. */
        key: number[];

        /**
         * Encodes the specified TableShape message. Does not implicitly {@link tidemark.TableShape.verify|verify} messages.
         * @param message TableShape message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.TableShape.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a TableShape message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.TableShape & tidemark.TableShape.$Shape} TableShape
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.TableShape & tidemark.TableShape.$Shape;
    }

    namespace TableShape {

        /** Properties of a TableShape. */
        interface $Properties {

            /** TableShape name */
            name?: (string|null);

            /** TableShape columns */
            columns?: (string[]|null);

            /** TableShape key */
            key?: (number[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a TableShape. */
        type $Shape = tidemark.TableShape.$Properties;
    }

    /** ChangeKind enum. */
    enum ChangeKind {

        /** INSERT value */
        INSERT = 0,

        /** UPDATE value */
        UPDATE = 1,

        /** DELETE value */
        DELETE = 2,

        /** SCHEMA value */
        SCHEMA = 3
    }

    /** RowidColumn enum. */
    enum RowidColumn {

        /** ROWID_ABSENT value */
        ROWID_ABSENT = 0,

        /** ROWID_IS_KEY value */
        ROWID_IS_KEY = 1,

        /** ROWID_STORED value */
        ROWID_STORED = 2
    }

    /**
     * Properties of a ChangeRun.
     * @deprecated Use tidemark.ChangeRun.$Properties instead.
     */
    interface IChangeRun extends tidemark.ChangeRun.$Properties {
    }

    /** Represents a ChangeRun. */
    class ChangeRun {

        /**
         * Constructs a new ChangeRun.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.ChangeRun.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChangeRun kind. */
        kind: tidemark.ChangeKind;

        /** ChangeRun table. */
        table: number;

        /** ChangeRun count. */
        count: number;

        /** ChangeRun changeIds. */
        changeIds: Uint8Array;

        /** ChangeRun rowidColumn. */
        rowidColumn: tidemark.RowidColumn;

        /** ChangeRun rowids. */
        rowids: Uint8Array;

        /** ChangeRun columns. */
        columns: Uint8Array;

        /** ChangeRun expectedColumns. */
        expectedColumns: Uint8Array;

        /** ChangeRun expectedAll. */
        expectedAll: boolean;

        /** ChangeRun cells. */
        cells: Uint8Array;

        /**
         * Encodes the specified ChangeRun message. Does not implicitly {@link tidemark.ChangeRun.verify|verify} messages.
         * @param message ChangeRun message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.ChangeRun.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChangeRun message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.ChangeRun & tidemark.ChangeRun.$Shape} ChangeRun
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.ChangeRun & tidemark.ChangeRun.$Shape;
    }

    namespace ChangeRun {

        /** Properties of a ChangeRun. */
        interface $Properties {

            /** ChangeRun kind */
            kind?: (tidemark.ChangeKind|null);

            /** ChangeRun table */
            table?: (number|null);

            /** ChangeRun count */
            count?: (number|null);

            /** ChangeRun changeIds */
            changeIds?: (Uint8Array|null);

            /** ChangeRun rowidColumn */
            rowidColumn?: (tidemark.RowidColumn|null);

            /** ChangeRun rowids */
            rowids?: (Uint8Array|null);

            /** ChangeRun columns */
            columns?: (Uint8Array|null);

            /** ChangeRun expectedColumns */
            expectedColumns?: (Uint8Array|null);

            /** ChangeRun expectedAll */
            expectedAll?: (boolean|null);

            /** ChangeRun cells */
            cells?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChangeRun. */
        type $Shape = tidemark.ChangeRun.$Properties;
    }

    /**
     * Properties of a PushResponse.
     * @deprecated Use tidemark.PushResponse.$Properties instead.
     */
    interface IPushResponse extends tidemark.PushResponse.$Properties {
    }

    /** Represents a PushResponse. */
    class PushResponse {

        /**
         * Constructs a new PushResponse.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushResponse.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushResponse ok. */
        ok?: (tidemark.PushOk.$Properties|null);

        /** PushResponse conflict. */
        conflict?: (tidemark.PushConflict.$Properties|null);

        /** PushResponse rejected. */
        rejected?: (tidemark.PushRejected.$Properties|null);

        /** PushResponse checkpointNeeded. */
        checkpointNeeded?: (tidemark.PushCheckpointNeeded.$Properties|null);

        /** PushResponse busy. */
        busy?: (tidemark.PushBusy.$Properties|null);

        /** PushResponse forked. */
        forked?: (tidemark.PushForked.$Properties|null);

        /** PushResponse alreadyApplied. */
        alreadyApplied?: (tidemark.PushAlreadyApplied.$Properties|null);

        /** PushResponse result. */
        result?: ("ok"|"conflict"|"rejected"|"checkpointNeeded"|"busy"|"forked"|"alreadyApplied");

        /**
         * Encodes the specified PushResponse message. Does not implicitly {@link tidemark.PushResponse.verify|verify} messages.
         * @param message PushResponse message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushResponse message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushResponse & tidemark.PushResponse.$Shape} PushResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushResponse & tidemark.PushResponse.$Shape;
    }

    namespace PushResponse {

        /** Properties of a PushResponse. */
        interface $Properties {

            /** PushResponse ok */
            ok?: (tidemark.PushOk.$Properties|null);

            /** PushResponse conflict */
            conflict?: (tidemark.PushConflict.$Properties|null);

            /** PushResponse rejected */
            rejected?: (tidemark.PushRejected.$Properties|null);

            /** PushResponse checkpointNeeded */
            checkpointNeeded?: (tidemark.PushCheckpointNeeded.$Properties|null);

            /** PushResponse busy */
            busy?: (tidemark.PushBusy.$Properties|null);

            /** PushResponse forked */
            forked?: (tidemark.PushForked.$Properties|null);

            /** PushResponse alreadyApplied */
            alreadyApplied?: (tidemark.PushAlreadyApplied.$Properties|null);

            /** PushResponse result */
            result?: ("ok"|"conflict"|"rejected"|"checkpointNeeded"|"busy"|"forked"|"alreadyApplied");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a PushResponse. */
        type $Shape = {
          ok?: tidemark.PushOk.$Shape|null;
          conflict?: tidemark.PushConflict.$Shape|null;
          rejected?: tidemark.PushRejected.$Shape|null;
          checkpointNeeded?: tidemark.PushCheckpointNeeded.$Shape|null;
          busy?: tidemark.PushBusy.$Shape|null;
          forked?: tidemark.PushForked.$Shape|null;
          alreadyApplied?: tidemark.PushAlreadyApplied.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ result?: undefined; ok?: null; conflict?: null; rejected?: null; checkpointNeeded?: null; busy?: null; forked?: null; alreadyApplied?: null }|{ result?: "ok"; ok: tidemark.PushOk.$Shape; conflict?: null; rejected?: null; checkpointNeeded?: null; busy?: null; forked?: null; alreadyApplied?: null }|{ result?: "conflict"; ok?: null; conflict: tidemark.PushConflict.$Shape; rejected?: null; checkpointNeeded?: null; busy?: null; forked?: null; alreadyApplied?: null }|{ result?: "rejected"; ok?: null; conflict?: null; rejected: tidemark.PushRejected.$Shape; checkpointNeeded?: null; busy?: null; forked?: null; alreadyApplied?: null }|{ result?: "checkpointNeeded"; ok?: null; conflict?: null; rejected?: null; checkpointNeeded: tidemark.PushCheckpointNeeded.$Shape; busy?: null; forked?: null; alreadyApplied?: null }|{ result?: "busy"; ok?: null; conflict?: null; rejected?: null; checkpointNeeded?: null; busy: tidemark.PushBusy.$Shape; forked?: null; alreadyApplied?: null }|{ result?: "forked"; ok?: null; conflict?: null; rejected?: null; checkpointNeeded?: null; busy?: null; forked: tidemark.PushForked.$Shape; alreadyApplied?: null }|{ result?: "alreadyApplied"; ok?: null; conflict?: null; rejected?: null; checkpointNeeded?: null; busy?: null; forked?: null; alreadyApplied: tidemark.PushAlreadyApplied.$Shape })
        );
    }

    /**
     * Properties of a PushOk.
     * @deprecated Use tidemark.PushOk.$Properties instead.
     */
    interface IPushOk extends tidemark.PushOk.$Properties {
    }

    /** Represents a PushOk. */
    class PushOk {

        /**
         * Constructs a new PushOk.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushOk.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushOk revision. */
        revision: string;

        /** PushOk lastChangeId. */
        lastChangeId: Long;

        /** PushOk overwritten. */
        overwritten: tidemark.ConflictRow.$Properties[];

        /** PushOk overwrittenCount. */
        overwrittenCount: Long;

        /** PushOk rowids. */
        rowids: Uint8Array;

        /**
         * Encodes the specified PushOk message. Does not implicitly {@link tidemark.PushOk.verify|verify} messages.
         * @param message PushOk message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushOk.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushOk message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushOk & tidemark.PushOk.$Shape} PushOk
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushOk & tidemark.PushOk.$Shape;
    }

    namespace PushOk {

        /** Properties of a PushOk. */
        interface $Properties {

            /** PushOk revision */
            revision?: (string|null);

            /** PushOk lastChangeId */
            lastChangeId?: (Long|null);

            /** PushOk overwritten */
            overwritten?: (tidemark.ConflictRow.$Properties[]|null);

            /** PushOk overwrittenCount */
            overwrittenCount?: (Long|null);

            /** PushOk rowids */
            rowids?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushOk. */
        type $Shape = tidemark.PushOk.$Properties;
    }

    /**
     * Properties of a PushConflict.
     * @deprecated Use tidemark.PushConflict.$Properties instead.
     */
    interface IPushConflict extends tidemark.PushConflict.$Properties {
    }

    /** Represents a PushConflict. */
    class PushConflict {

        /**
         * Constructs a new PushConflict.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushConflict.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushConflict rows. */
        rows: tidemark.ConflictRow.$Properties[];

        /** PushConflict rowCount. */
        rowCount: Long;

        /**
         * Encodes the specified PushConflict message. Does not implicitly {@link tidemark.PushConflict.verify|verify} messages.
         * @param message PushConflict message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushConflict.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushConflict message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushConflict & tidemark.PushConflict.$Shape} PushConflict
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushConflict & tidemark.PushConflict.$Shape;
    }

    namespace PushConflict {

        /** Properties of a PushConflict. */
        interface $Properties {

            /** PushConflict rows */
            rows?: (tidemark.ConflictRow.$Properties[]|null);

            /** PushConflict rowCount */
            rowCount?: (Long|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushConflict. */
        type $Shape = tidemark.PushConflict.$Properties;
    }

    /**
     * Properties of a PushRejected.
     * @deprecated Use tidemark.PushRejected.$Properties instead.
     */
    interface IPushRejected extends tidemark.PushRejected.$Properties {
    }

    /** Represents a PushRejected. */
    class PushRejected {

        /**
         * Constructs a new PushRejected.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushRejected.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushRejected changeId. */
        changeId: Long;

        /** PushRejected table. */
        table: string;

        /** PushRejected key. */
        key: Uint8Array;

        /** PushRejected sqliteCode. */
        sqliteCode: string;

        /** PushRejected message. */
        message: string;

        /**
         * Encodes the specified PushRejected message. Does not implicitly {@link tidemark.PushRejected.verify|verify} messages.
         * @param message PushRejected message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushRejected.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushRejected message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushRejected & tidemark.PushRejected.$Shape} PushRejected
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushRejected & tidemark.PushRejected.$Shape;
    }

    namespace PushRejected {

        /** Properties of a PushRejected. */
        interface $Properties {

            /** PushRejected changeId */
            changeId?: (Long|null);

            /** PushRejected table */
            table?: (string|null);

            /** PushRejected key */
            key?: (Uint8Array|null);

            /** PushRejected sqliteCode */
            sqliteCode?: (string|null);

            /** PushRejected message */
            message?: (string|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushRejected. */
        type $Shape = tidemark.PushRejected.$Properties;
    }

    /**
     * Properties of a PushCheckpointNeeded.
     * @deprecated Use tidemark.PushCheckpointNeeded.$Properties instead.
     */
    interface IPushCheckpointNeeded extends tidemark.PushCheckpointNeeded.$Properties {
    }

    /** Represents a PushCheckpointNeeded. */
    class PushCheckpointNeeded {

        /**
         * Constructs a new PushCheckpointNeeded.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushCheckpointNeeded.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushCheckpointNeeded maxWalPages. */
        maxWalPages: Long;

        /**
         * Encodes the specified PushCheckpointNeeded message. Does not implicitly {@link tidemark.PushCheckpointNeeded.verify|verify} messages.
         * @param message PushCheckpointNeeded message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushCheckpointNeeded.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushCheckpointNeeded message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushCheckpointNeeded & tidemark.PushCheckpointNeeded.$Shape} PushCheckpointNeeded
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushCheckpointNeeded & tidemark.PushCheckpointNeeded.$Shape;
    }

    namespace PushCheckpointNeeded {

        /** Properties of a PushCheckpointNeeded. */
        interface $Properties {

            /** PushCheckpointNeeded maxWalPages */
            maxWalPages?: (Long|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushCheckpointNeeded. */
        type $Shape = tidemark.PushCheckpointNeeded.$Properties;
    }

    /**
     * Properties of a PushBusy.
     * @deprecated Use tidemark.PushBusy.$Properties instead.
     */
    interface IPushBusy extends tidemark.PushBusy.$Properties {
    }

    /** Represents a PushBusy. */
    class PushBusy {

        /**
         * Constructs a new PushBusy.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushBusy.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushBusy retryAfterMs. */
        retryAfterMs: number;

        /**
         * Encodes the specified PushBusy message. Does not implicitly {@link tidemark.PushBusy.verify|verify} messages.
         * @param message PushBusy message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushBusy.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushBusy message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushBusy & tidemark.PushBusy.$Shape} PushBusy
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushBusy & tidemark.PushBusy.$Shape;
    }

    namespace PushBusy {

        /** Properties of a PushBusy. */
        interface $Properties {

            /** PushBusy retryAfterMs */
            retryAfterMs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushBusy. */
        type $Shape = tidemark.PushBusy.$Properties;
    }

    /**
     * Properties of a PushForked.
     * @deprecated Use tidemark.PushForked.$Properties instead.
     */
    interface IPushForked extends tidemark.PushForked.$Properties {
    }

    /** Represents a PushForked. */
    class PushForked {

        /**
         * Constructs a new PushForked.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushForked.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /**
         * Encodes the specified PushForked message. Does not implicitly {@link tidemark.PushForked.verify|verify} messages.
         * @param message PushForked message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushForked.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushForked message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushForked & tidemark.PushForked.$Shape} PushForked
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushForked & tidemark.PushForked.$Shape;
    }

    namespace PushForked {

        /** Properties of a PushForked. */
        interface $Properties {

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushForked. */
        type $Shape = tidemark.PushForked.$Properties;
    }

    /**
     * Properties of a PushAlreadyApplied.
     * @deprecated Use tidemark.PushAlreadyApplied.$Properties instead.
     */
    interface IPushAlreadyApplied extends tidemark.PushAlreadyApplied.$Properties {
    }

    /** Represents a PushAlreadyApplied. */
    class PushAlreadyApplied {

        /**
         * Constructs a new PushAlreadyApplied.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PushAlreadyApplied.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PushAlreadyApplied revision. */
        revision: string;

        /** PushAlreadyApplied lastChangeId. */
        lastChangeId: Long;

        /** PushAlreadyApplied rowids. */
        rowids: Uint8Array;

        /** PushAlreadyApplied overwritten. */
        overwritten: tidemark.ConflictRow.$Properties[];

        /** PushAlreadyApplied overwrittenCount. */
        overwrittenCount: Long;

        /**
         * Encodes the specified PushAlreadyApplied message. Does not implicitly {@link tidemark.PushAlreadyApplied.verify|verify} messages.
         * @param message PushAlreadyApplied message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PushAlreadyApplied.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PushAlreadyApplied message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PushAlreadyApplied & tidemark.PushAlreadyApplied.$Shape} PushAlreadyApplied
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PushAlreadyApplied & tidemark.PushAlreadyApplied.$Shape;
    }

    namespace PushAlreadyApplied {

        /** Properties of a PushAlreadyApplied. */
        interface $Properties {

            /** PushAlreadyApplied revision */
            revision?: (string|null);

            /** PushAlreadyApplied lastChangeId */
            lastChangeId?: (Long|null);

            /** PushAlreadyApplied rowids */
            rowids?: (Uint8Array|null);

            /** PushAlreadyApplied overwritten */
            overwritten?: (tidemark.ConflictRow.$Properties[]|null);

            /** PushAlreadyApplied overwrittenCount */
            overwrittenCount?: (Long|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PushAlreadyApplied. */
        type $Shape = tidemark.PushAlreadyApplied.$Properties;
    }

    /** ConflictKind enum. */
    enum ConflictKind {

        /** CONSTRAINT value */
        CONSTRAINT = 0,

        /** INSERT_INSERT value */
        INSERT_INSERT = 1,

        /** UPDATE_UPDATE value */
        UPDATE_UPDATE = 2,

        /** UPDATE_DELETE value */
        UPDATE_DELETE = 3,

        /** DELETE_UPDATE value */
        DELETE_UPDATE = 4
    }

    /**
     * Properties of a ConflictRow.
     * @deprecated Use tidemark.ConflictRow.$Properties instead.
     */
    interface IConflictRow extends tidemark.ConflictRow.$Properties {
    }

    /** Represents a ConflictRow. */
    class ConflictRow {

        /**
         * Constructs a new ConflictRow.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.ConflictRow.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ConflictRow changeId. */
        changeId: Long;

        /** ConflictRow table. */
        table: string;

        /** ConflictRow key. */
        key: Uint8Array;

        /** ConflictRow kind. */
        kind: tidemark.ConflictKind;

        /** ConflictRow remote. */
        remote?: (tidemark.RemoteRow.$Properties|null);

        /**
         * Encodes the specified ConflictRow message. Does not implicitly {@link tidemark.ConflictRow.verify|verify} messages.
         * @param message ConflictRow message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.ConflictRow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ConflictRow message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.ConflictRow & tidemark.ConflictRow.$Shape} ConflictRow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.ConflictRow & tidemark.ConflictRow.$Shape;
    }

    namespace ConflictRow {

        /** Properties of a ConflictRow. */
        interface $Properties {

            /** ConflictRow changeId */
            changeId?: (Long|null);

            /** ConflictRow table */
            table?: (string|null);

            /** ConflictRow key */
            key?: (Uint8Array|null);

            /** ConflictRow kind */
            kind?: (tidemark.ConflictKind|null);

            /** ConflictRow remote */
            remote?: (tidemark.RemoteRow.$Properties|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ConflictRow. */
        type $Shape = tidemark.ConflictRow.$Properties;
    }

    /**
     * Properties of a RemoteRow.
     * @deprecated Use tidemark.RemoteRow.$Properties instead.
     */
    interface IRemoteRow extends tidemark.RemoteRow.$Properties {
    }

    /** Represents a RemoteRow. */
    class RemoteRow {

        /**
         * Constructs a new RemoteRow.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.RemoteRow.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RemoteRow columns. */
        columns: string[];

        /** RemoteRow values. */
        values: Uint8Array;

        /**
         * Encodes the specified RemoteRow message. Does not implicitly {@link tidemark.RemoteRow.verify|verify} messages.
         * @param message RemoteRow message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.RemoteRow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RemoteRow message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.RemoteRow & tidemark.RemoteRow.$Shape} RemoteRow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.RemoteRow & tidemark.RemoteRow.$Shape;
    }

    namespace RemoteRow {

        /** Properties of a RemoteRow. */
        interface $Properties {

            /** RemoteRow columns */
            columns?: (string[]|null);

            /** RemoteRow values */
            values?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RemoteRow. */
        type $Shape = tidemark.RemoteRow.$Properties;
    }

    /**
     * Properties of a RowidMap.
     * @deprecated Use tidemark.RowidMap.$Properties instead.
     */
    interface IRowidMap extends tidemark.RowidMap.$Properties {
    }

    /** Represents a RowidMap. */
    class RowidMap {

        /**
         * Constructs a new RowidMap.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.RowidMap.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RowidMap tables. */
        tables: tidemark.RowidMapTable.$Properties[];

        /**
         * Encodes the specified RowidMap message. Does not implicitly {@link tidemark.RowidMap.verify|verify} messages.
         * @param message RowidMap message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.RowidMap.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RowidMap message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.RowidMap & tidemark.RowidMap.$Shape} RowidMap
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.RowidMap & tidemark.RowidMap.$Shape;
    }

    namespace RowidMap {

        /** Properties of a RowidMap. */
        interface $Properties {

            /** RowidMap tables */
            tables?: (tidemark.RowidMapTable.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RowidMap. */
        type $Shape = tidemark.RowidMap.$Properties;
    }

    /**
     * Properties of a RowidMapTable.
     * @deprecated Use tidemark.RowidMapTable.$Properties instead.
     */
    interface IRowidMapTable extends tidemark.RowidMapTable.$Properties {
    }

    /** Represents a RowidMapTable. */
    class RowidMapTable {

        /**
         * Constructs a new RowidMapTable.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.RowidMapTable.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** RowidMapTable table. */
        table: string;

        /** RowidMapTable ranges. */
        ranges: Uint8Array;

        /**
         * Encodes the specified RowidMapTable message. Does not implicitly {@link tidemark.RowidMapTable.verify|verify} messages.
         * @param message RowidMapTable message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.RowidMapTable.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a RowidMapTable message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.RowidMapTable & tidemark.RowidMapTable.$Shape} RowidMapTable
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.RowidMapTable & tidemark.RowidMapTable.$Shape;
    }

    namespace RowidMapTable {

        /** Properties of a RowidMapTable. */
        interface $Properties {

            /** RowidMapTable table */
            table?: (string|null);

            /** RowidMapTable ranges */
            ranges?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a RowidMapTable. */
        type $Shape = tidemark.RowidMapTable.$Properties;
    }

    /**
     * Properties of a PageHashesRequest.
     * @deprecated Use tidemark.PageHashesRequest.$Properties instead.
     */
    interface IPageHashesRequest extends tidemark.PageHashesRequest.$Properties {
    }

    /** Represents a PageHashesRequest. */
    class PageHashesRequest {

        /**
         * Constructs a new PageHashesRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PageHashesRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PageHashesRequest revision. */
        revision: string;

        /** PageHashesRequest firstPageId. */
        firstPageId: Long;

        /** PageHashesRequest pageCount. */
        pageCount: Long;

        /**
         * Encodes the specified PageHashesRequest message. Does not implicitly {@link tidemark.PageHashesRequest.verify|verify} messages.
         * @param message PageHashesRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PageHashesRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PageHashesRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PageHashesRequest & tidemark.PageHashesRequest.$Shape} PageHashesRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PageHashesRequest & tidemark.PageHashesRequest.$Shape;
    }

    namespace PageHashesRequest {

        /** Properties of a PageHashesRequest. */
        interface $Properties {

            /** PageHashesRequest revision */
            revision?: (string|null);

            /** PageHashesRequest firstPageId */
            firstPageId?: (Long|null);

            /** PageHashesRequest pageCount */
            pageCount?: (Long|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PageHashesRequest. */
        type $Shape = tidemark.PageHashesRequest.$Properties;
    }

    /**
     * Properties of a PageHashesResponse.
     * @deprecated Use tidemark.PageHashesResponse.$Properties instead.
     */
    interface IPageHashesResponse extends tidemark.PageHashesResponse.$Properties {
    }

    /** Represents a PageHashesResponse. */
    class PageHashesResponse {

        /**
         * Constructs a new PageHashesResponse.
         * @param [properties] Properties to set
         */
        constructor(properties?: tidemark.PageHashesResponse.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** PageHashesResponse revision. */
        revision: string;

        /** PageHashesResponse sizeInPages. */
        sizeInPages: Long;

        /** PageHashesResponse hashes. */
        hashes: Uint8Array;

        /**
         * Encodes the specified PageHashesResponse message. Does not implicitly {@link tidemark.PageHashesResponse.verify|verify} messages.
         * @param message PageHashesResponse message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: tidemark.PageHashesResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a PageHashesResponse message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {tidemark.PageHashesResponse & tidemark.PageHashesResponse.$Shape} PageHashesResponse
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): tidemark.PageHashesResponse & tidemark.PageHashesResponse.$Shape;
    }

    namespace PageHashesResponse {

        /** Properties of a PageHashesResponse. */
        interface $Properties {

            /** PageHashesResponse revision */
            revision?: (string|null);

            /** PageHashesResponse sizeInPages */
            sizeInPages?: (Long|null);

            /** PageHashesResponse hashes */
            hashes?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a PageHashesResponse. */
        type $Shape = tidemark.PageHashesResponse.$Properties;
    }
}
