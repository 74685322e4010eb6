# Receives the calls of a webhook, and believes only those that are signed with its secret. Needs httpuv and openssl.
genuine <- function(body, header, secret) {
  parts <- strsplit(strsplit(header, ",")[[1]], "=")
  names <- vapply(parts, `[`, "", 1)
  values <- vapply(parts, `[`, "", 2)
  at <- values[names == "t"][1]
  own <- as.character(openssl::sha256(c(charToRaw(paste0(at, ".")), body), key = secret))
  own %in% values[names == "v1"] && abs(as.numeric(Sys.time()) - as.numeric(at)) < 300  # else it is played again
}

receive <- function(request) {
  body <- request$rook.input$read()
  good <- genuine(body, request$HTTP_MCOF_SIGNATURE, Sys.getenv("MCOF_SECRET"))  # whsec_...
  if (good) {
    event <- jsonlite::fromJSON(rawToChar(body))  # id, type, crisis, revision, at: the same id may come again
    cat(event$type, event$crisis, "\n")
  }
  list(status = if (good) 204L else 400L, headers = list(), body = "")
}

httpuv::runServer("127.0.0.1", as.integer(Sys.getenv("PORT", "9000")), list(call = receive))
